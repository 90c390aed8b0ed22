"""What is in a ZIP file: {base64} in, {name: text} out. A broken archive ends with an exit code other than 0."""

import base64
import io
import json
import sys
import zipfile

archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(json.load(sys.stdin)["base64"])))
if (broken := archive.testzip()) is not None:
    sys.exit(f"{broken} is broken")
json.dump({name: archive.read(name).decode("utf-8") for name in archive.namelist()}, sys.stdout)
