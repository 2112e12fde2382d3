# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that only the benchmark starts: an open-loop source, hops, displays, and the plain chain beside ours."""
