# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""X-rays through a patient: bodies, CT, beam, detector, display, and what metal and contrast look like in them."""
