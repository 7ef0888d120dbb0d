"""What the safetensors library says of files: one line of base64 in, one line out, "sound" or its error.

    python safetensors_reference.py < FILES > VERDICTS
"""

import base64
import json
import sys

from safetensors import SafetensorError, deserialize

for line in sys.stdin:
    try:
        deserialize(base64.b64decode(line))
        verdict = "sound"
    except SafetensorError as error:
        verdict = str(error)
    print(json.dumps(verdict))
