import ContextModel
import Testing

@testable import Collect

@Suite struct AlertDocumentTests {
    private func read(_ xml: String) throws -> (alerts: [JSONObject], refusals: [String]) {
        var refusals: [String] = []
        let json = try AlertDocument.read(Array(xml.utf8)) {
            refusals.append("\($1): \($0.reason)")
        }
        return (json.arrayValue?.compactMap(\.objectValue) ?? [], refusals)
    }

    static func alert(
        _ id: String,
        kind: String = "Alert",
        more: String = "",
        area: String = "<polygon>7.8,98.2 7.8,98.4 8.0,98.4 7.8,98.2</polygon>"
    ) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
          <identifier>\(id)</identifier><sender>weather@city.example</sender>
          <sent>2026-05-01T14:00:00+07:00</sent><status>Actual</status><msgType>\(kind)</msgType>
          <scope>Public</scope>\(more)
          <info><language>en-US</language><category>Met</category><category>Safety</category>
            <event>Heavy rain</event><urgency>Immediate</urgency><severity>Severe</severity>
            <certainty>Likely</certainty><onset>2026-05-01T15:00:00+07:00</onset>
            <expires>2026-05-01T21:00:00+07:00</expires>
            <headline>Rain &amp; wind</headline>
            <parameter><valueName>gusts</valueName><value>60</value></parameter>
            <area><areaDesc>West coast</areaDesc>\(area)</area></info>
        </alert>
        """
    }

    @Test func `an alert is read with its lists and its polygon`() throws {
        let (alerts, refusals) = try read(Self.alert("a-1"))
        #expect(refusals == [])
        let alert = try #require(alerts.first)
        let info = alert["info"]?.arrayValue?.first?.objectValue
        #expect(alert["identifier"] == "a-1" && alert["sent"] == "2026-05-01T14:00:00+07:00")
        #expect(info?["category"] == ["Met", "Safety"] && info?["headline"] == "Rain & wind")
        #expect(info?["parameter"] == [["valueName": "gusts", "value": "60"]])
        #expect(
            alert["geometry"] == [
                "type": "Polygon",
                "coordinates": [[[98.2, 7.8], [98.4, 7.8], [98.4, 8], [98.2, 7.8]]],
            ]
        )
    }

    @Test func `prefixes, feeds with alerts inside, and signatures are read`() throws {
        let signed = """
            <cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
            <cap:identifier> s-1 </cap:identifier><cap:info><cap:event><![CDATA[A < B]]></cap:event>
            <cap:resource><cap:derefUri>QUJD</cap:derefUri><cap:mimeType>image/png</cap:mimeType>
            </cap:resource></cap:info>
            <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><identifier>x</identifier></Signature>
            </cap:alert>
            """
        let (single, _) = try read(signed)
        #expect(single.first?["identifier"] == "s-1")
        let info = single.first?["info"]?.arrayValue?.first?.objectValue
        #expect(info?["event"] == "A < B" && info?["resource"] == [["mimeType": "image/png"]])
        let feed = """
            <feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="text/xml">\(signed)</content></entry>
            <entry><content type="text/xml">\(signed)</content></entry></feed>
            """
        #expect(try read(feed).alerts.count == 2)
        #expect(AlertFeed(Array(feed.utf8))?.hasAlerts == true)
        #expect(try read("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>").alerts.isEmpty)
    }

    @Test func `an update and a cancellation tell of the alerts that they replace`() throws {
        let references =
            "weather@city.example,a-1,2026-05-01T14:00:00+07:00 other,b-2,2026-05-01T13:00:00+07:00"
        let more = "<references>\(references)</references>"
        for kind in ["Update", "Cancel"] {
            let (alerts, _) = try read(Self.alert("a-3", kind: kind, more: more))
            #expect(alerts.map { $0["identifier"] } == ["a-3", "a-1", "b-2"])
            #expect(
                alerts[2]["replacedBy"] == "a-3" && alerts[2]["replacedAs"]?.stringValue == kind
            )
            #expect(alerts[2]["sent"] == alerts[0]["sent"] && alerts[2]["status"] == "Actual")
        }
        #expect(try read(Self.alert("a-3", kind: "Ack", more: more)).alerts.count == 1)
    }

    @Test func `a circle is drawn on the sphere, and several areas are one place`() throws {
        let circle = "<circle>7.9,98.3 10</circle>"
        let (alone, _) = try read(Self.alert("c", area: circle))
        let ring = alone.first?["geometry"]?.objectValue?["coordinates"]?.arrayValue?.first?
            .arrayValue
        let north = try #require(
            ring?.first?.arrayValue?.compactMap { $0.numberValue?.doubleValue }
        )
        #expect(ring?.count == 65 && ring?.first == ring?.last)
        // Ten kilometres are 0.0899 degrees of latitude.
        let top = ring?.compactMap { $0.arrayValue?[1].numberValue?.doubleValue }.max() ?? 0
        #expect(abs(top - 7.98993) < 1e-4 && north.count == 2)
        let two = circle + "<polygon>7.8,98.2 8.0,98.4 7.8,98.4 7.8,98.2</polygon>" + circle
        let place = try read(Self.alert("d", area: two)).alerts.first?["geometry"]?.objectValue
        #expect(place?["type"] == "MultiPolygon" && place?["coordinates"]?.arrayValue?.count == 2)
        // The clockwise ring is turned.
        let turned = place?["coordinates"]?.arrayValue?.first?.arrayValue?.first?.arrayValue
        #expect(turned?[1] == [98.4, 7.8])
        let point = try read(Self.alert("e", area: "<circle>7.9,98.3 0</circle>")).alerts.first
        #expect(point?["geometry"] != nil)
    }

    @Test(arguments: [
        "<polygon>7.8,98.2 7.8,98.4 7.8,98.2</polygon>",
        "<polygon>7.8,98.2 7.8,98.4 8,98.4 8,98</polygon>",
        "<polygon>98.2,7.8,1</polygon>", "<polygon>1,2 3,4 5,abc 1,2</polygon>",
        "<polygon>91,0 0,0 1,1 91,0</polygon>", "<circle>7.9,98.3</circle>",
        "<circle>7.9,98.3 -1</circle>",
        "<circle>89.99,0 100</circle>", "<circle>0,179.9 100</circle>", "<circle>nan,0 1</circle>",
        "<circle>0,0 inf</circle>",
    ])
    func `an area that cannot be drawn is told, and its alert is there without it`(
        area: String
    ) throws {
        let (alerts, refusals) = try read(Self.alert("a", area: area))
        #expect(alerts.count == 1 && alerts[0]["geometry"] == nil)
        #expect(refusals.count == 1 && refusals[0].hasPrefix("a: "))
    }

    @Test func `areas with very many points are refused`() throws {
        let pairs = String(repeating: "1,1 ", count: AlertAreas.maximumPoints + 1)
        let (alerts, refusals) = try read(Self.alert("a", area: "<polygon>\(pairs)</polygon>"))
        #expect(alerts[0]["geometry"] == nil && refusals.count == 1)
    }

    @Test(arguments: [
        #"<!DOCTYPE alert [<!ENTITY a "b">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&a;</alert>"#,
        #"<?xml version="1.0"?><!DOCTYPE alert SYSTEM "file:///etc/passwd"><alert/>"#,
        #"<!DOCTYPE l [<!ENTITY l "l"><!ENTITY m "&l;&l;&l;&l;">]><alert>&m;</alert>"#,
        #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&secret;</identifier></alert>"#,
        #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>"#,
        #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><identifier>2</identifier></alert>"#,
        "<alert><identifier>1</identifier></alert>", "<html><body/></html>", "{}", "", "\u{0}",
    ])
    func `a hostile or foreign document is refused`(xml: String) {
        #expect(throws: RowRefusal.self) { try read(xml) }
    }

    @Test func `nesting, lengths and numbers of elements have limits`() {
        let begin = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">"
        let deep = begin + String(repeating: "<info>", count: XMLReader.maximumDepth)
        let long = begin + "<note>" + String(repeating: "x", count: XMLReader.maximumTokenBytes + 1)
        let many = begin + String(repeating: "<code/>", count: AlertDocument.maximumElements + 1)
        for xml in [deep, long, many] { #expect(throws: RowRefusal.self) { try read(xml) } }
    }

    @Test func `entries of Atom and items of RSS lead to documents`() {
        let atom = """
            <feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
            <link rel="self" href="https://a.example/feed"/><updated>2026-05-01T08:00:00Z</updated>
            <entry><id>1</id><updated>2026-05-01T07:00:00Z</updated><cap:event>Rain</cap:event>
            <link href="https://a.example/1.html"/>
            <link type="application/cap+xml" href="/1.cap?a=1&amp;b=2"/></entry>
            <entry><link rel="alternate" href="2.cap"/><link rel="edit" href="no"/></entry><entry/></feed>
            """
        #expect(
            AlertFeed(Array(atom.utf8))?.links == [
                .init(address: "/1.cap?a=1&b=2", version: "2026-05-01T07:00:00Z"),
                .init(address: "2.cap", version: ""),
            ]
        )
        let rss = """
            <rss version="2.0"><channel><link>https://a.example/</link><item><title>Rain</title>
            <link> https://a.example/1.xml </link><pubDate>Fri, 01 May 2026</pubDate></item></channel></rss>
            """
        #expect(
            AlertFeed(Array(rss.utf8))?.links == [
                .init(address: "https://a.example/1.xml", version: "Fri, 01 May 2026")
            ]
        )
        #expect(AlertFeed(Array(Self.alert("a").utf8)) == nil)
        #expect(AlertFeed(Array("<!DOCTYPE a><feed/>".utf8)) == nil)
    }
}
