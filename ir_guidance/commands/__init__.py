# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the command line runs; each takes plain values and a console, so that tests can call it."""
