import Broker
import ContextModel
import Storage

/// Writes entities of the SensorThings API (OGC 18-088 clause 8 and 9.3).
struct ThingsWriter {
    let service: ThingsService
    let chosen: ThingsChooser
    /// The histories that were read for the answer.
    let readings: ThingsHistories

    private var shown: ThingsProperties { chosen.shown }

    /// Writes an entity with the relations that the layout shows inside.
    func write(
        _ element: ThingsElement,
        _ layout: ThingsLayout,
        to json: inout JSONWriter
    ) throws {
        let id = shown.identifier(element)
        let address = service.address(of: element.kind, id)
        json.beginObject()
        if layout.showsIdentifier { json.member("@iot.id", id) }
        if layout.showsAddress { json.member("@iot.selfLink", address) }
        for name in layout.properties {
            json.key(name)
            json.value(shown.property(name, of: element))
        }
        for relation in layout.relations {
            if let inside = relation.inside {
                try write(inside, relation.name, of: element, at: address, to: &json)
            } else {
                json.member(relation.nameOfLink, "\(address)/\(relation.name)")
            }
        }
        json.endObject()
    }

    private func write(
        _ inside: ThingsLayout.Inside,
        _ name: String,
        of element: ThingsElement,
        at address: String,
        to json: inout JSONWriter
    ) throws {
        let expansion = inside.expansion
        let options = expansion.options
        let page =
            try chosen.related(element, expansion)
            ?? readings.page(of: element, options, number: expansion.number)
        guard expansion.navigation.isMany else {
            // An entity without a place has no FeatureOfInterest.
            guard let first = page.elements.first else { return }
            json.key(name)
            return try write(first, inside.layout, to: &json)
        }
        if let count = page.count { json.member("\(name)@iot.count", count) }
        json.key(name)
        json.beginArray()
        for element in page.elements { try write(element, inside.layout, to: &json) }
        json.endArray()
        if page.hasMore {
            let link = service.link(
                "\(address)/\(name)",
                options,
                skipping: options.skip + options.top
            )
            json.member("\(name)@iot.nextLink", link)
        }
    }
}

/// What is written of each entity of a list, found once for all of them.
struct ThingsLayout {
    let showsIdentifier: Bool
    let showsAddress: Bool
    let properties: [String]
    private(set) var relations: [Relation] = []

    /// A relation to other entities: its address, or what is shown of them.
    struct Relation {
        let name: String
        let nameOfLink: String
        let inside: Inside?
    }

    /// How a relation is shown inside.
    final class Inside {
        let expansion: ThingsOptions.Expansion
        let layout: ThingsLayout

        init(_ expansion: ThingsOptions.Expansion) {
            self.expansion = expansion
            layout = ThingsLayout(expansion.navigation.target, expansion.options)
        }
    }

    init(_ kind: ThingsKind, _ options: ThingsOptions) {
        showsIdentifier = options.selects("@iot.id") || options.selects("id")
        showsAddress = options.selects("@iot.selfLink")
        properties = kind.properties.filter(options.selects)
        for navigation in kind.navigations {
            let expansion = options.expanded.first { $0.navigation == navigation }
            guard expansion != nil || options.selects(navigation.name) else { continue }
            relations.append(
                Relation(
                    name: navigation.name,
                    nameOfLink: "\(navigation.name)@iot.navigationLink",
                    inside: expansion.map(Inside.init)
                )
            )
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    fileprivate mutating func member(_ name: String, _ number: Int) {
        key(name)
        self.number(number)
    }
}

/// The addresses of the service.
struct ThingsService {
    static let path = "/sensorthings/v1.1"

    /// Where the caller reaches the hub, without a slash at the end.
    let base: String

    var address: String { base + Self.path }

    /// The address of an entity, or of a set.
    func address(of kind: ThingsKind, _ id: String? = nil) -> String {
        let set = "\(address)/\(kind.rawValue)"
        guard let id else { return set }
        let hasQuote = id.utf8.contains(UInt8(ascii: "'"))
        let quoted = hasQuote ? id.replacing("'", with: "''") : id
        return "\(set)('\(QueryItems.encode(quoted))')"
    }

    /// The address of a further page with the same options.
    func link(_ address: String, _ options: ThingsOptions, skipping skip: Int) -> String {
        var items = options.given
        items["$skip"] = String(skip)
        return "\(address)?\(items.urlQuery)"
    }

    func link(_ address: String, _ options: ThingsOptions, from position: ThingsPosition) -> String
    {
        var items = options.given
        (items["$skip"], items["$skiptoken"]) = (nil, position.text)
        return "\(address)?\(items.urlQuery)"
    }

    /// The answer of the address of the service (OGC 18-088 clause 9.2.1), and what it conforms to.
    var root: JSONValue {
        let sets = ThingsKind.allCases.map { kind -> JSONValue in
            ["name": .string(kind.rawValue), "url": .string(address(of: kind))]
        }
        return [
            "value": .array(sets),
            "serverSettings": [
                "conformance": [
                    "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel",
                    "http://www.opengis.net/spec/iot_sensing/1.1/req/resource-path/resource-path-to-entities",
                    "http://www.opengis.net/spec/iot_sensing/1.1/req/request-data",
                ]
            ],
        ]
    }
}
