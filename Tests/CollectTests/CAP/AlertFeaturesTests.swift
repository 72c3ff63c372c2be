import ContextModel
import Foundation
import Testing

@testable import Collect

/// Alerts with all that services of several countries write into theirs, and how they go on: an alert, its update, its
/// cancellation.
@Suite struct AlertFeaturesTests {
    private static let number = "2.49.0.1.764.0"

    /// One description in two languages, with areas of several kinds.
    private static let alert = """
        <?xml version = '1.0' encoding = 'UTF-8' standalone = 'yes'?>
        <?xml-stylesheet href='https://weather.example/alert.xsl' type='text/xsl'?>
        <!-- made for a test -->
        <alert xmlns = 'urn:oasis:names:tc:emergency:cap:1.2'>
          <identifier>\(number).1</identifier>
          <sender>alerts@weather.example</sender>
          <sent>2026-09-12T06:00:00-00:00</sent>
          <status>Actual</status><msgType>Alert</msgType><source>Radar</source><scope>Public</scope>
          <restriction/><addresses/>
          <code>profile:TH:1.0</code><code>layer:river:2.0</code><note/><incidents/>
          <info>
            <language>en-US</language>
            <category>Met</category><category>Infra</category>
            <event>Flash flood</event>
            <responseType>Prepare</responseType><responseType>Avoid</responseType>
            <urgency>Expected</urgency><severity>Extreme</severity><certainty>Possible</certainty>
            <audience>People near the river</audience>
            <eventCode><valueName>SAME</valueName><value>FFW</value></eventCode>
            <eventCode><valueName>profile:TH:Event</valueName><value>flood.flash</value></eventCode>
            <effective>2026-09-12T13:00:00+07:00</effective>
            <expires>2026-09-13T01:00:00+07:00</expires>
            <senderName>Weather Service</senderName>
            <headline>Flash flood, &quot;Mae Sai&quot; &amp; around</headline>
            <description><![CDATA[Water < 2 m & rising.]]></description>
            <instruction>Move to higher ground.</instruction>
            <web>https://weather.example/a?b=1&amp;c=2</web><contact/>
            <parameter><valueName>gauge</valueName><value>2.1</value></parameter>
            <parameter><valueName>gauge</valueName><value/></parameter>
            <resource><resourceDesc>Map</resourceDesc><mimeType>image/png</mimeType><size>4096</size>
              <uri>https://weather.example/map.png</uri><derefUri>iVBORw0KGgo=</derefUri>
              <digest>da39a3ee5e6b4b0d3255bfef95601890afd80709</digest></resource>
            <area>
              <areaDesc>Mae Sai</areaDesc>
              <polygon>20.40,99.85 20.45,99.85 20.45,99.95 20.40,99.95 20.40,99.85</polygon>
              <polygon>20.30,99.80 20.30,99.90 20.35,99.90 20.30,99.80</polygon>
              <geocode><valueName>TIS1099</valueName><value>5709</value></geocode>
              <geocode><valueName>profile:TH:Location</valueName><value>TH-57-09</value></geocode>
              <altitude>1200</altitude><ceiling>2500</ceiling>
            </area>
            <area>
              <areaDesc>Bridge</areaDesc><circle>20.44,99.88 2.5</circle>
              <geocode><valueName>TIS1099</valueName><value>570901</value></geocode>
            </area>
          </info>
          <info>
            <language>th-TH</language><category>Met</category><event>น้ำท่วมฉับพลัน</event>
            <urgency>Expected</urgency><severity>Extreme</severity><certainty>Possible</certainty>
            <headline>น้ำท่วมฉับพลัน แม่สาย</headline>
            <area><areaDesc>แม่สาย</areaDesc>
              <polygon>20.40,99.85 20.45,99.85 20.45,99.95 20.40,99.95 20.40,99.85</polygon>
              <circle>20.44,99.88 2.5</circle></area>
          </info>
          <Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="first"><SignedInfo>
            <Reference URI=""/></SignedInfo><SignatureValue>AAAA</SignatureValue></Signature>
          <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><Object xmlns=""><x:v xmlns:x="urn:oasis"/></Object></Signature>
        </alert>
        """

    /// What follows the alert: `kind` is `Update` or `Cancel`.
    private static func next(_ kind: String, _ place: Int) -> String {
        let references = (1..<place).map {
            "alerts@weather.example,\(number).\($0),2026-09-12T0\(5 + $0):00:00-00:00"
        }
        return """
            <cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
            <cap:identifier>\(number).\(place)</cap:identifier><cap:sender>alerts@weather.example</cap:sender>
            <cap:sent>2026-09-12T0\(5 + place):00:00-00:00</cap:sent><cap:status>Actual</cap:status>
            <cap:msgType>\(kind)</cap:msgType><cap:scope>Public</cap:scope>
            <cap:references>\(references.joined(separator: "\n  "))</cap:references>
            <cap:incidents>"flood 7" flood8</cap:incidents>
            <cap:info><cap:category>Met</cap:category><cap:event>Flash flood</cap:event>
            <cap:responseType>AllClear</cap:responseType><cap:urgency>Past</cap:urgency>
            <cap:severity>Minor</cap:severity><cap:certainty>Observed</cap:certainty>
            <cap:onset>2026-09-12T14:30:00+07:00</cap:onset><cap:effective>2026-09-12T13:00:00+07:00</cap:effective>
            <cap:area><cap:areaDesc>Mae Sai</cap:areaDesc></cap:area></cap:info></cap:alert>
            """
    }

    private func read(_ bytes: [UInt8]) throws -> [JSONObject] {
        let json = try AlertDocument.read(bytes) { Issue.record("\($1): \($0.reason)") }
        return json.arrayValue?.compactMap(\.objectValue) ?? []
    }

    private func map(_ message: [UInt8]) throws -> MappedMessage {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../examples/sources/cap-alerts.source.yaml").standardized
        let source = try SourceDefinition(String(contentsOf: file, encoding: .utf8), name: "cap")
        let received = Timestamp(microseconds: 1_789_200_000_000_000)
        return try SourceMapper(source).map(SourceMessage(message, receivedAt: received))
    }

    private func value(_ name: String, of entity: JSONValue?) -> JSONValue? {
        let attribute = entity?.objectValue?[name]?.objectValue
        return attribute?["value"] ?? attribute?["object"]
    }

    @Test func `languages, codes, areas and resources are where a map finds them`() throws {
        let alert = try #require(try read(Array(Self.alert.utf8)).first)
        let paths: [(String, JSONValue)] = [
            ("$.info[*].language", ["en-US", "th-TH"]),
            ("$.info[?@.language == 'th-TH'].headline", ["น้ำท่วมฉับพลัน แม่สาย"]),
            ("$.code[*]", ["profile:TH:1.0", "layer:river:2.0"]),
            ("$.info[0].responseType[*]", ["Prepare", "Avoid"]),
            ("$.info[0].eventCode[?@.valueName == 'SAME'].value", ["FFW"]),
            ("$.info[0].headline", ["Flash flood, \"Mae Sai\" & around"]),
            ("$.info[0].description", ["Water < 2 m & rising."]),
            ("$.info[0].web", ["https://weather.example/a?b=1&c=2"]),
            ("$.info[0].parameter[*].value", ["2.1", ""]),
            ("$.info[0].resource[0].uri", ["https://weather.example/map.png"]),
            ("$.info[0].resource[0].size", ["4096"]), ("$..derefUri", []),
            ("$.info[0].area[*].geocode[?@.valueName == 'TIS1099'].value", ["5709", "570901"]),
            ("$.info[0].area[0]['altitude','ceiling']", ["1200", "2500"]),
            ("$.info[0].expires", ["2026-09-13T01:00:00+07:00"]), ("$..SignatureValue", []),
        ]
        for (path, expected) in paths {
            let found = try JSONPath(path).values(in: .object(alert))
            #expect(.array(found) == expected, "\(path)")
        }
        // Two polygons and a circle; the same areas in another language are no others.
        let place = alert["geometry"]?.objectValue
        #expect(place?["type"] == "MultiPolygon" && place?["coordinates"]?.arrayValue?.count == 3)
    }

    @Test func `an alert, its update and its cancellation tell what is in force`() throws {
        let first = try map(Array(Self.alert.utf8))
        #expect(first.refusals == [] && first.entities.count == 1)
        let alert = first.entities.first
        #expect(value("severity", of: alert) == "Extreme")
        // Without an onset, it is in force when it takes effect.
        #expect(value("validFrom", of: alert)?.objectValue?["@value"] == "2026-09-12T06:00:00Z")
        #expect(value("validTo", of: alert)?.objectValue?["@value"] == "2026-09-12T18:00:00Z")
        for (place, kind) in [(2, "Update"), (3, "Cancel")] {
            let mapped = try map(Array(Self.next(kind, place).utf8))
            #expect(mapped.refusals == [])
            let own: JSONValue = .string("urn:ngsi-ld:Alert:\(Self.number).\(place)")
            #expect(mapped.entities.first?.objectValue?["id"] == own)
            #expect(value("messageType", of: mapped.entities.first)?.stringValue == kind)
            let onset = value("validFrom", of: mapped.entities.first)
            #expect(onset?.objectValue?["@value"] == "2026-09-12T07:30:00Z")
            let replaced = mapped.entities.dropFirst()
            #expect(
                replaced.compactMap { $0.objectValue?["id"]?.stringValue }
                    == (1..<place).map { "urn:ngsi-ld:Alert:\(Self.number).\($0)" }
            )
            for old in replaced {
                #expect(value("replacedBy", of: old) == own)
                #expect(value("replacedAs", of: old)?.stringValue == kind)
            }
        }
    }

    @Test func `other encodings than UTF-8 are read as the document says`() throws {
        func document(_ encoding: String, _ event: [UInt8]) -> [UInt8] {
            Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?><alert ".utf8)
                + Array(
                    "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier>".utf8
                )
                + Array("<info><event>".utf8) + event + Array("</event></info></alert>".utf8)
        }
        func event(_ bytes: [UInt8]) throws -> JSONValue? {
            try read(bytes).first?["info"]?.arrayValue?.first?.objectValue?["event"]
        }
        // Usulután, in one byte a letter; น้ำ in the Thai standard.
        let spanish = Array("Usulut".utf8) + [0xE1] + Array("n".utf8)
        #expect(try event(document("ISO-8859-1", spanish)) == "Usulután")
        #expect(try event(document("windows-1252", [0x80])) == "€")
        #expect(try event(document("TIS-620", [0xB9, 0xE9, 0xD3])) == "น้ำ")
        #expect(try event(document("utf-8", Array("น้ำ".utf8))) == "น้ำ")
        #expect(try event([0xEF, 0xBB, 0xBF] + document("UTF-8", Array("é".utf8))) == "é")
        let wide = String(decoding: document("UTF-16", Array("น้ำ".utf8)), as: UTF8.self).utf16
        let units = wide.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try event([0xFF, 0xFE] + units) == "น้ำ")
        for wrong in [document("UTF-8", spanish), document("Shift_JIS", Array("a".utf8))] {
            #expect(throws: RowRefusal.self) { try event(wrong) }
        }
        let feed = document("ISO-8859-1", spanish)
        #expect(
            AlertFeed(Array("<feed><entry>".utf8) + feed + Array("</entry></feed>".utf8)) == nil
        )
    }

    @Test func `required elements that are missing or empty cost an alert nothing else`() throws {
        // Empty references and levels, and a description without an event, as careless services write them.
        let careless = """
            <alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'><identifier>x</identifier>
            <sender>w@weather.example</sender><sent>2026-09-12T06:00:00-07:00</sent><status>Actual</status>
            <msgType>Alert</msgType><references></references><info><category>Met</category><event>Flood</event>
            <urgency></urgency><severity/><eventCode><valueName>SAME</valueName><value></value></eventCode>
            <area><areaDesc>County</areaDesc><polygon></polygon>
            <geocode><valueName>FIPS6</valueName><value>032013</value></geocode></area></info></alert>
            """
        let mapped = try map(Array(careless.utf8))
        #expect(mapped.refusals == [])
        let entity = mapped.entities.first
        #expect(
            value("event", of: entity) == "Flood"
                && value("areaDescription", of: entity) == "County"
        )
        #expect(value("severity", of: entity) == nil && value("location", of: entity) == nil)
    }

    /// The files of google/cap-library, where a copy of its `testdata` is at hand: they are not part of this repository.
    @Test(.enabled(if: AlertFiles.folder != nil))
    func `files of a public library are read, and its hostile one is not`() throws {
        let folder = URL(filePath: try #require(AlertFiles.folder))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".cap") }
        #expect(files.contains("canada.cap") && files.contains("xee.cap"))
        for file in files.sorted() {
            let bytes = try [UInt8](Data(contentsOf: folder.appending(path: file)))
            let mapped = try map(bytes)
            #expect(mapped.entities.isEmpty == (file == "xee.cap"), "\(file): \(mapped.refusals)")
            // Those with errors have areas that cannot be drawn.
            if file != "xee.cap", !file.contains("errors") {
                #expect(mapped.refusals == [], "\(file)")
            }
        }
    }
}

/// A folder of `.cap` files that is not part of this repository.
enum AlertFiles {
    static var folder: String? { ProcessInfo.processInfo.environment["BALAI_CAP_FILES"] }
}
