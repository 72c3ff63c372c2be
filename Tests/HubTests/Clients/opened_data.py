"""Opens a page of the hub, runs each of its lines and follows its downloads. Prints "opened PROGRAM" after each."""

import csv
import html
import io
import json
import re
import subprocess
import sys
import urllib.request

import pyogrio

page = urllib.request.urlopen(sys.argv[1]).read().decode()
hub = sys.argv[1].split("/data/rows")[0]
lines = [
    (program, html.unescape(line))
    for program, line in re.findall(r'<code data-program="([^"]+)">(.*?)</code>', page, re.S)
]
assert len(lines) == 7, lines


def rows(address):
    answer = urllib.request.urlopen(address)
    assert answer.headers["Content-Type"].startswith("text/csv"), answer.headers
    return list(csv.reader(io.StringIO(answer.read().decode())))


for program, line in lines:
    if program == "QGIS":
        # The address of the connection is GDAL's too.
        assert "Station" in pyogrio.list_layers("OAPIF:" + line)[:, 0]
    elif program == "pandas":
        names = {}
        exec(line, names)
        if "rows" in names:
            assert len(names["rows"]) == 55 and names["rows"]["level"].min() == 5
        else:
            assert len(names["readings"]) == 55, names["readings"]
    elif program == "Excel":
        found = rows(line)
        assert len(found) == 56 and "level" in found[0], found[0]
    elif program == "Grafana":
        found = rows(line)
        assert found[0] == ["time", "id", "type", "attribute", "value", "unit"] and len(found) == 56
    else:
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
        assert done.returncode == 0, done
        if program == "GDAL":
            assert "Feature Count" in done.stdout, done.stdout
        else:
            assert len(json.loads(done.stdout)["features"]) == 55
    print("opened", program, flush=True)

downloads = [html.unescape(path) for path in re.findall(r'<a href="([^"]+)" download=', page)]
assert len(downloads) == 4, downloads
for path in downloads:
    if "geojson" in path:
        assert len(json.load(urllib.request.urlopen(hub + path))["features"]) == 55, path
    else:
        assert len(rows(hub + path)) == 56, path
print("opened downloads", flush=True)
