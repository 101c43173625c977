"""Sends requests of tests with requests or urllib, one JSON object a line in and one out."""
import json
import ssl
import sys
import urllib.error
import urllib.request
import warnings

import requests

warnings.simplefilter("ignore")
session = requests.Session()
unverified = ssl._create_unverified_context()


def by_requests(wanted):
    data = wanted.get("body")
    answer = session.request(
        wanted["method"],
        wanted["url"],
        data=wanted["form"] if wanted.get("form") is not None else data,
        headers=wanted["headers"],
        auth=tuple(wanted["auth"]) if wanted.get("auth") else None,
        verify=False,
        allow_redirects=False,
    )
    return answer.status_code, answer.headers, answer.text


def by_urllib(wanted):
    request = urllib.request.Request(wanted["url"], headers=wanted["headers"])
    try:
        answer = urllib.request.urlopen(request, context=unverified)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read().decode()


for line in sys.stdin:
    wanted = json.loads(line)
    send = by_urllib if wanted["how"] == "urllib" else by_requests
    status, headers, body = send(wanted)
    headers = {name.lower(): value for name, value in headers.items()}
    print(json.dumps({"status": status, "headers": headers, "body": body}), flush=True)
