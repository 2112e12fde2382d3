# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
# Lets this package build where ROS 2 comes from PyPI (the ros-* wheels); under a full install it changes nothing.
# Include it right after project().

# A sourced /opt/ros sets ROS_DISTRO; the wheels do not.
if(DEFINED ENV{ROS_DISTRO})
  return()
endif()

# The prefix (a virtual environment, or pip's own while it builds) is where ros-ament-package is installed.
set(_ask "import importlib.metadata as m, pathlib; print(pathlib.Path(m.distribution('ros-ament-package').locate_file('')).parents[2])")
find_program(_python3 NAMES python3 NO_CACHE)
foreach(_python IN ITEMS "${Python3_EXECUTABLE}" "$ENV{VIRTUAL_ENV}/bin/python3" "${_python3}")
  if(NOT EXISTS "${_python}")
    continue()
  endif()
  execute_process(COMMAND "${_python}" -c "${_ask}" OUTPUT_VARIABLE _prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(_prefix)
    break()
  endif()
endforeach()
if(NOT _prefix)
  return()
endif()
message(STATUS "ROS from the wheels in ${_prefix}")

# The generators must run under the Python that holds them. Their typesupports are found through the ament index,
# else configuration stops with "No 'rosidl_typesupport_c' found".
set(Python3_EXECUTABLE "${_python}" CACHE FILEPATH "Python that holds the ROS wheels")
list(APPEND CMAKE_PREFIX_PATH "${_prefix}")
set(ENV{AMENT_PREFIX_PATH} "$ENV{AMENT_PREFIX_PATH}:${_prefix}")

# The wheels' imported targets name include folders of the machine that built them (/opt/python/...), and CMake
# refuses a target that names a folder which is not there: drop those when this project is configured.
function(_drop_missing_include_folders)
  get_directory_property(targets IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    set(kept "")
    foreach(folder IN LISTS folders)
      if(folder MATCHES "^\\$<" OR EXISTS "${folder}")
        list(APPEND kept "${folder}")
      endif()
    endforeach()
    if(folders)
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${kept}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL _drop_missing_include_folders)
