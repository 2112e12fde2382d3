# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The latency benchmark: what is measured, on which pictures, and what a difference is worth."""
