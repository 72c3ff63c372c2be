import Broker
import ContextModel

/// Writes a catalogue in DCAT-AP 3 as JSON-LD: each entity type is a dataset, each way to read it a distribution.
struct CatalogueDocument {
    let base: String
    let settings: CatalogueSettings

    func json(of types: [TypeInformation], _ ld: LDContext) -> JSONValue {
        let datasets = types.map { dataset(of: $0, ld) }
        let json: JSONValue = [
            "@context": Self.context,
            "@id": .string(base + "/catalog"),
            "@type": "dcat:Catalog",
            "dct:title": Self.text("Open data of \(settings.cityName)"),
            "dct:description": Self.text(
                "What the hub of \(settings.cityName) shows to whoever asks with these rights."
            ),
            "dct:publisher": publisher,
            "foaf:homepage": ["@id": .string(base + "/"), "@type": "foaf:Document"],
            "dcat:dataset": .array(datasets),
            "dcat:service": [service],
        ]
        return json.merged(licence)
    }

    private static let context: JSONValue = [
        "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/", "vcard": "http://www.w3.org/2006/vcard/ns#",
    ]

    private var publisher: JSONValue {
        [
            "@id": .string(base + "/catalog#publisher"), "@type": "foaf:Agent",
            "foaf:name": Self.text(settings.cityName),
        ]
    }

    private var licence: JSONObject {
        guard let licence = settings.licence else { return [:] }
        return ["dct:license": ["@id": .string(licence), "@type": "dct:LicenseDocument"]]
    }

    private var contact: JSONObject {
        guard let contact = settings.contact else { return [:] }
        return [
            "dcat:contactPoint": [
                "@type": "vcard:Kind", "vcard:fn": .string(settings.cityName),
                "vcard:hasEmail": ["@id": .string(contact)],
            ]
        ]
    }

    // MARK: Datasets

    private func dataset(of type: TypeInformation, _ ld: LDContext) -> JSONValue {
        let name = ld.compact(type.type)
        let names = type.attributes.map { ld.compact($0.name) }
        let id = base + "/catalog#" + QueryItems.encode(name)
        let attributes = names.isEmpty ? "" : " with \(names.joined(separator: ", "))"
        let json: JSONValue = [
            "@id": .string(id),
            "@type": "dcat:Dataset",
            "dct:title": Self.text(name),
            "dct:description": Self.text(
                "\(type.entityCount) entities of the type \(name)\(attributes), now and over time."
            ),
            "dct:identifier": .string(id),
            "dct:publisher": ["@id": .string(base + "/catalog#publisher")],
            "dcat:keyword": .array(names.map { Self.text($0) }),
            "dcat:distribution": .array(distributions(of: name, id)),
        ]
        return json.merged(contact)
    }

    private func distributions(of name: String, _ id: String) -> [JSONValue] {
        let encoded = QueryItems.encode(name)
        let entities = "\(base)\(Paths.entities)?type=\(encoded)"
        let history = "\(base)\(Paths.temporal)?type=\(encoded)"
        return [
            distribution("Now, as CSV", id + "-csv", "\(entities)&format=csv", "text/csv"),
            distribution(
                "Now, as GeoJSON, in pages",
                id + "-geojson",
                "\(entities)&format=geojson",
                "application/geo+json"
            ),
            distribution(
                "Now, as NGSI-LD, in pages",
                id + "-ngsi-ld",
                entities,
                "application/ld+json"
            ),
            distribution(
                "All readings, as CSV",
                id + "-history",
                "\(history)&format=csv",
                "text/csv"
            ),
            distribution(
                "Features for GIS programs (OGC API)",
                id + "-features",
                "\(base)/collections/\(encoded)/items",
                "application/geo+json"
            ),
        ]
    }

    private func distribution(
        _ title: String,
        _ id: String,
        _ url: String,
        _ mediaType: String
    ) -> JSONValue {
        let type = "https://www.iana.org/assignments/media-types/\(mediaType)"
        let json: JSONValue = [
            "@id": .string(id), "@type": "dcat:Distribution", "dct:title": Self.text(title),
            "dcat:accessURL": ["@id": .string(url)],
            "dcat:mediaType": ["@id": .string(type), "@type": "dct:MediaType"],
            "dcat:accessService": ["@id": .string(base + "/catalog#service")],
        ]
        return json.merged(licence)
    }

    private var service: JSONValue {
        [
            "@id": .string(base + "/catalog#service"), "@type": "dcat:DataService",
            "dct:title": Self.text("NGSI-LD API"),
            "dcat:endpointURL": ["@id": .string(base + Paths.base)],
            "dcat:endpointDescription": ["@id": .string(base + "/openapi.json")],
        ]
    }

    private static func text(_ text: String) -> JSONValue {
        ["@value": .string(text), "@language": "en"]
    }
}

extension JSONValue {
    /// The object with the members of the other at its end.
    fileprivate func merged(_ others: JSONObject) -> JSONValue {
        guard var object = objectValue else { return self }
        for (key, value) in others.members { object[key] = value }
        return .object(object)
    }
}
