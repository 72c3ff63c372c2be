/// A visit to a clinic, the data about people that is read: 640 bytes, of one person.
///
/// A visit and its person have the same number.
enum Visit {
    static let idPrefix: StaticString = "urn:ngsi-ld:Visit:"
    static let path = "/ngsi-ld/v1/entities/urn:ngsi-ld:Visit:########"

    private static let body = """
        {"id":"urn:ngsi-ld:Visit:########","type":"Visit",\
        "patient":{"type":"Relationship","object":"urn:person:########"},\
        "ward":{"type":"Property","value":"Ward 7"},\
        "began":{"type":"Property","value":"2026-01-01T08:00:00Z"},\
        "temperature":{"type":"Property","value":37.4,"observedAt":"2026-01-01T08:10:00Z",\
        "unitCode":"CEL"},\
        "pulse":{"type":"Property","value":71,"observedAt":"2026-01-01T08:10:00Z","unitCode":"2N"},\
        "diagnosis":{"type":"Property","value":"J06.9"},\
        "doctor":{"type":"Relationship","object":"urn:ngsi-ld:Doctor:12"},\
        "note":{"type":"Property","value":"Comes back in a week if it is not better."}}
        """

    /// A batch that creates the visits of the range.
    static func batch(_ numbers: Range<Int>, headers: [String]) -> [UInt8] {
        var entity = Request(raw: body)
        var list = [UInt8(ascii: "[")]
        for number in numbers {
            if number > numbers.lowerBound { list.append(UInt8(ascii: ",")) }
            list += entity(number)
        }
        list.append(UInt8(ascii: "]"))
        let head = Request.head(
            "POST",
            "/ngsi-ld/v1/entityOperations/create",
            headers: headers,
            bodyBytes: list.count
        )
        return head + list
    }

    static func retrieval(headers: [String]) -> Request { Request("GET", path, headers: headers) }

    /// What is wrong with the answer to a retrieval, if anything.
    static func check(_ answer: Message, is number: Int, whole: Bool) -> String? {
        if let complaint = answer.isNot(200) { return complaint }
        guard let found = answer.body.offset(of: idPrefix),
            answer.body.number(at: found + idPrefix.utf8CodeUnitCount) == number
        else { return "not the visit asked for, \(number)" }
        guard whole else { return nil }
        let person = Request.digits(of: "urn:person:########", number)
        return answer.body.contains("\"object\":\"\(person)\"") ? nil : "not the person's visit"
    }
}

extension Request {
    /// The text with the number in place.
    static func digits(of text: String, _ number: Int) -> String {
        var request = Request(raw: text)
        return String(decoding: request(number), as: UTF8.self)
    }
}
