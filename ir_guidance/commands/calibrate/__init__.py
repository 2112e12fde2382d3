# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``ir-guidance calibrate KIND``: measurements in, a small file with residuals and a picture out."""
