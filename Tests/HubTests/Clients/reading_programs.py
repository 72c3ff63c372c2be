"""Reads a hub with the programs that people have, each unmodified. Prints "read NAME" after each that did."""

import asyncio
import json
import pathlib
import sys

import fastmcp
import frost_sta_client
import mapbox_vector_tile
import pandas
import pyogrio
import requests
import pyshacl
import rdflib
from owslib.ogcapi.features import Features
from pygeoapi.provider.sensorthings import SensorThingsProvider

hub = sys.argv[1]
entities = f"{hub}/ngsi-ld/v1/entities?type=Stop"
readings = f"{hub}/ngsi-ld/v1/temporal/entities?type=Stop"


def gdal_features():
    layers = pyogrio.list_layers("OAPIF:" + hub)
    assert layers.tolist() == [["Stop", "Point"]], layers
    meta, _, geometries, fields = pyogrio.raw.read("OAPIF:" + hub, layer="Stop")
    assert len(geometries) == 30, len(geometries)
    assert {"id", "name", "passengers"} <= set(meta["fields"]), meta["fields"]
    box = (98.0, 7.0, 98.95, 8.0)
    _, _, geometries, _ = pyogrio.raw.read("OAPIF:" + hub, layer="Stop", bbox=box)
    assert len(geometries) == 10, len(geometries)


def gdal_geojson():
    address = f"/vsicurl/{entities}&format=geojson&options=keyValues&limit=1000"
    _, _, geometries, _ = pyogrio.raw.read(address)
    assert len(geometries) == 30, len(geometries)


def owslib():
    features = Features(hub + "/")
    assert features.feature_collections() == ["Stop"]
    page = features.collection_items("Stop", limit=7, offset=25)
    assert (page["numberMatched"], page["numberReturned"]) == (30, 5), page
    assert features.collection_item("Stop", "urn:x:stop:3")["properties"]["passengers"] == 3
    assert features.api()["openapi"].startswith("3.0")


def pandas_tables():
    wide = pandas.read_csv(f"{entities}&format=csv&layout=wide")
    assert wide["passengers"].sum() == sum(range(30)), wide
    long = pandas.read_csv(
        f"{readings}&format=csv", parse_dates=["time"], date_format="ISO8601"
    )
    passengers = long[long["attribute"] == "passengers"]
    assert len(passengers) == 30, long
    assert str(passengers["time"].dtype).startswith("datetime64"), passengers.dtypes


def model_context():
    async def read():
        async with fastmcp.Client(hub + "/mcp") as client:
            tools = {tool.name for tool in await client.list_tools()}
            assert "query_entities" in tools, tools
            question = {"type": "Stop", "q": "passengers>27"}
            answer = await client.call_tool("query_entities", question)
            assert '"matched":2' in answer.content[0].text, answer

    asyncio.run(read())


def frost_client():
    service = frost_sta_client.SensorThingsService(hub + "/sensorthings/v1.1")
    things = service.things().query().count().top(7).orderby("name", "asc").list()
    assert things.count == 30, things.count
    assert len({thing.id for thing in things}) == 30
    thing = service.things().find("urn:x:stop:3")
    assert thing.name == "Stop 3", thing.name
    streams = thing.get_datastreams().query().expand("ObservedProperty").list()
    stream = streams.get(0)
    assert stream.observed_property.name == "passengers"
    readings = stream.get_observations().query().orderby("phenomenonTime", "desc").top(1).list()
    assert readings.get(0).result == 3, readings.get(0).result
    newest = service.datastreams().query().top(4).expand("Observations($top=1)").list()
    found = [stream.observations.get(0).result for stream in newest]
    assert sorted(found) == list(range(30)), found
    busy = "ObservedProperty/name eq 'passengers' and Thing/name eq 'Stop 9'"
    assert len(list(service.datastreams().query().filter(busy).list())) == 1


def pygeoapi():
    for entity, place in [("Things", 98.05), ("Datastreams", 98.05), ("Observations", 98.05)]:
        provider = SensorThingsProvider(
            {
                "name": "SensorThings",
                "type": "feature",
                "data": hub + "/sensorthings/v1.1/",
                "entity": entity,
                "time_field": "phenomenonTime",
            }
        )
        page = provider.query(limit=5)
        assert page["numberReturned"] == 5, page
        first = page["features"][0]
        assert first["geometry"]["coordinates"][0] == place, first
        assert provider.get(first["id"])["id"] == first["id"]
        near = provider.query(limit=100, bbox=[98.0, 7.0, 99.0, 8.0])
        assert len(near["features"]) == 10, (entity, near)
    assert SensorThingsProvider(
        {
            "name": "SensorThings",
            "type": "feature",
            "data": hub + "/sensorthings/v1.1/",
            "entity": "Things",
        }
    ).query(resulttype="hits")["numberMatched"] == 30


def vector_tiles():
    description = requests.get(hub + "/tiles/Stop").json()
    assert description["tilejson"] == "3.0.0"
    address = description["tiles"][0].replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
    tile = mapbox_vector_tile.decode(requests.get(address).content)
    layer = tile[description["vector_layers"][0]["id"]]
    assert len(layer["features"]) == 30, layer
    names = {feature["properties"]["name"] for feature in layer["features"]}
    assert "Stop 7" in names, names


def events():
    address = hub + "/events?type=Stop&options=keyValues"
    with requests.get(address, stream=True, timeout=20) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == "retry: 3000"
        # The position of somebody who has heard nothing yet.
        assert next(lines).startswith("id: ")
        change = {"passengers": {"type": "Property", "value": 77}}
        answer = requests.patch(
            hub + "/ngsi-ld/v1/entities/urn:x:stop:5/attrs", json=change
        )
        assert answer.status_code == 204, answer.text
        last = next(line for line in lines if line.startswith("id: "))
        data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data[6:])["passengers"] == 77, data
    again = requests.get(address + "&once=true", headers={"Last-Event-ID": last[4:]})
    assert "data:" not in again.text, again.text


def catalogue():
    shapes = rdflib.Graph().parse(pathlib.Path(__file__).with_name("catalogue_shapes.ttl"))
    found = rdflib.Graph().parse(f"{hub}/catalog", format="json-ld")
    valid, _, report = pyshacl.validate(found, shacl_graph=shapes)
    assert valid, report
    # The shapes notice what is missing.
    for name in ["http://purl.org/dc/terms/title", "http://www.w3.org/ns/dcat#accessURL"]:
        less = rdflib.Graph()
        less += found
        less.remove((None, rdflib.URIRef(name), None))
        assert not pyshacl.validate(less, shacl_graph=shapes)[0], name


for read in [
    gdal_features,
    gdal_geojson,
    owslib,
    pandas_tables,
    model_context,
    frost_client,
    pygeoapi,
    vector_tiles,
    events,
    catalogue,
]:
    read()
    print("read", read.__name__, flush=True)

# The hub can stop although somebody listens.
listener = requests.get(hub + "/events?type=Stop", stream=True)
print("read listening", flush=True)
for _ in listener.iter_lines():
    pass
