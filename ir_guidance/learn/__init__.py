# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Training of the network, and its judging: synthetic scenes in, weights and figures out."""
