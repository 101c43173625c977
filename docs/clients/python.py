import json
import os
import ssl
import sys
import urllib.error
import urllib.request

host, user, token = (os.environ["UAPID_" + name] for name in ("HOST", "USER", "TOKEN"))
request = urllib.request.Request(
    f"https://{host}:2083/execute/Ftp/list_sessions",
    headers={"Authorization": f"cpanel {user}:{token}"},
)
context = ssl.create_default_context(cafile=os.environ["UAPID_CERT"])

try:
    answer = json.load(urllib.request.urlopen(request, context=context))
except urllib.error.HTTPError as refusal:
    answer = json.load(refusal)

if answer["status"] != 1:
    sys.exit("\n".join(answer["errors"]))
for session in answer["data"]:
    print(session["user"], session["host"], session["status"])
