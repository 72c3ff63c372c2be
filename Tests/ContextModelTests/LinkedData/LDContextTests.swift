import Clauses
import ContextModel
import Testing

@Suite(.clause("4.4", "5.5.7")) struct LDContextTests {
    private func context(_ objects: JSONObject...) throws -> LDContext {
        var definitions = LDContextDefinitions()
        for object in objects { try definitions.add(object) }
        return LDContext(reference: "https://city.example/c", definitions: definitions)
    }

    @Test func `a keyword is not a prefix`() throws {
        let context = try context(["ident": "@id", "mine": "ident:mine"])
        for name in ["type:mine", "ident:mine"] {
            #expect(context.expand(name) == IRI(name))
        }
        #expect(context.expand("mine") == IRI("ident:mine"))
    }

    @Test func `an undefined name expands to the default vocabulary and back`() {
        let iri = IRI("https://uri.etsi.org/ngsi-ld/default-context/speed")
        #expect(LDContext.core.expand("speed") == iri)
        #expect(LDContext.core.compact(iri) == "speed")
    }

    @Test func `a defined term expands to its IRI and back`() throws {
        let ld = try context(["Bus": "https://city.example/Bus"])
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        #expect(ld.compact(IRI("https://city.example/Bus")) == "Bus")
        #expect(ld.compact(IRI("https://city.example/Tram")) == "https://city.example/Tram")
    }

    @Test func `a definition may be an object with an @id`() throws {
        let ld = try context([
            "Bus": ["@id": "https://city.example/Bus", "@type": "@id"], "free": ["@type": "@id"],
        ])
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        #expect(ld.expand("free") == LDContext.core.expand("free"))
    }

    @Test(arguments: ["location", "observedAt", "title", "Property", "value"])
    func `core terms have precedence over the user's`(term: String) throws {
        let own = "https://city.example/own"
        let ld = try context([term: .string(own)])
        #expect(ld.expand(term) == LDContext.core.expand(term))
        #expect(ld.compact(LDContext.core.expand(term)) == term)
        // A term that means something else must not stand for the user's IRI.
        #expect(ld.compact(IRI(own)) == own)
    }

    @Test func `later definitions replace earlier ones`() throws {
        let ld = try context(
            ["Bus": "https://a.example/Bus", "Car": "https://a.example/Car"],
            ["Bus": "https://b.example/Bus"]
        )
        #expect(ld.expand("Bus") == IRI("https://b.example/Bus"))
        #expect(ld.expand("Car") == IRI("https://a.example/Car"))
    }

    @Test func `a prefix is replaced, in definitions and in names`() throws {
        let ld = try context(["city": "https://city.example/", "Bus": "city:Bus"])
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
        #expect(ld.expand("city:Tram") == IRI("https://city.example/Tram"))
        #expect(ld.expand("ngsi-ld:title") == IRI("https://uri.etsi.org/ngsi-ld/title"))
    }

    @Test func `a prefix may be defined by another document`() throws {
        let ld = try context(["city": "https://city.example/"], ["Bus": "city:Bus"])
        #expect(ld.expand("Bus") == IRI("https://city.example/Bus"))
    }

    @Test func `a name that is an IRI stays, whatever the prefixes are`() throws {
        let ld = try context(["https": "https://wrong.example/", "city": "https://city.example/"])
        #expect(ld.expand("https://a.example/x") == IRI("https://a.example/x"))
        #expect(ld.expand("city://a.example/x") == IRI("city://a.example/x"))
        #expect(ld.expand("urn:x:y") == IRI("urn:x:y"))
    }

    @Test func `@vocab applies to names without a definition`() throws {
        let ld = try context(["@vocab": "https://city.example/", "Bus": "https://b.example/Bus"])
        #expect(ld.expand("speed") == IRI("https://city.example/speed"))
        #expect(ld.compact(IRI("https://city.example/speed")) == "speed")
        #expect(ld.expand("Bus") == IRI("https://b.example/Bus"))
        #expect(ld.expand("location") == .location)
    }

    @Test func `a name that would not expand back is not used for an IRI of @vocab`() throws {
        let ld = try context(["@vocab": "https://city.example/", "Bus": "https://b.example/Bus"])
        for name in ["Bus", "location", "a:b", ""] {
            let iri = "https://city.example/\(name)"
            #expect(ld.compact(IRI(iri)) == iri)
        }
    }

    @Test func `of several terms the shortest is used for the IRI, then the first`() throws {
        let iri = "https://city.example/x"
        let ld = try context(["bb": .string(iri), "ba": .string(iri), "abc": .string(iri)])
        #expect(ld.compact(IRI(iri)) == "ba")
    }

    @Test(
        arguments: [["a": "b", "b": "a"], ["a": "b:x", "b": "a:x"], ["a": "a:x"]] as [JSONObject]
    )
    func `a term that stands for itself in the end is refused`(object: JSONObject) {
        #expect(throws: LDContextError(.invalid, "")) { try context(object) }
    }

    /// Found by libFuzzer: after a vocabulary it would be an IRI that no name expands to.
    @Test(arguments: [["@vocab": "h/", "": nil], ["": "https://a.example/"]] as [JSONObject])
    func `a term without a name is refused`(object: JSONObject) {
        #expect(throws: LDContextError(.invalid, "")) { try context(object) }
    }

    @Test func `scoped contexts are refused and the term is named`() {
        let error = #expect(throws: LDContextError.self) {
            try context(["Bus": ["@id": "https://b.example/", "@context": ["x": "https://x/"]]])
        }
        #expect(error?.code == .invalid)
        #expect(error?.detail.contains("'Bus'") == true)
    }

    @Test(arguments: [1, true, ["https://a.example/"]] as [JSONValue])
    func `a definition that is neither text nor object is refused`(definition: JSONValue) {
        #expect(throws: LDContextError(.invalid, "")) { try context(["Bus": definition]) }
    }

    @Test func `a term that is set to null cannot be used, and is refused`() throws {
        let objects: [JSONObject] = [["Bus": "https://a.example/Bus"], ["Bus": nil]]
        let ld = try context(objects[0], objects[1])
        #expect(ld.expand("Bus") != IRI("https://a.example/Bus"))
        #expect(ld.expand("Bus") != LDContext.core.expand("Bus"))
        #expect(ld.compact(LDContext.core.expand("Bus")) != "Bus")
        for name in ["type", "Bus"] {
            let body: JSONObject = [
                "id": "urn:x:1", "type": name == "type" ? "Bus" : "Car", "Bus": 7,
            ]
            let error = #expect(throws: EntityError.self) {
                try EntityReader(context: ld).entity(.object(body))
            }
            #expect(error?.detail.contains("'Bus' to null") == true)
        }
    }

    @Test(
        arguments: [
            "@type", "@reverse", "@nest", ["@id": "@graph"], ["@reverse": "https://a.example/x"],
            ["@id": "https://a.example/x", "@nest": "props"], ["@id": nil],
        ] as [JSONValue]
    )
    func `a name that cannot be an attribute is refused where it is used alone`(
        definition: JSONValue
    ) throws {
        let ld = try context(["mine": definition, "other": "https://a.example/other"])
        let body: JSONObject = ["id": "urn:x:1", "type": "Bus", "other": 1]
        let bus = try EntityReader(context: ld).entity(.object(body))
        #expect(bus.attributes.map(\.name.text) == ["https://a.example/other"])
        for member in ["mine", "other"] {
            var wrong = body
            wrong[member] = ["type": "Property", "value": 1, "mine": 2]
            #expect(throws: EntityError.self) {
                try EntityReader(context: ld).entity(.object(wrong))
            }
        }
    }

    // MARK: Keywords

    @Test func `definitions about values in real contexts do not change names`() throws {
        let ld = try context([
            "@version": 1.1, "@base": "https://x.example/", "@language": "en", "@direction": "ltr",
            "@propagate": true, "@protected": false, "type": "@type", "id": "@id",
            "@type": ["@container": "@set"], "xsd": "http://www.w3.org/2001/XMLSchema#",
            "schema": "https://schema.org/", "a": ["@id": "schema:a", "@type": "@id"],
            "b": ["@id": "schema:b", "@type": "xsd:dateTime", "@container": "@set"],
            "c": ["@id": "schema:c", "@container": ["@language", "@set"], "@language": nil],
            "d": ["@id": "schema:d", "@type": "@vocab", "@protected": true, "@index": "schema:i"],
            "schema:e": ["@type": "@json"],
        ])
        for name in ["a", "b", "c", "d"] {
            #expect(ld.expand(name) == IRI("https://schema.org/" + name))
        }
        #expect(ld.expand("schema:e") == IRI("https://schema.org/e"))
    }

    @Test(
        arguments: [
            ["@version": 1.0], ["@version": "1.1"], ["@base": 5], ["@language": 5],
            ["@direction": "up"], ["@protected": "yes"], ["@propagate": false], ["@vocab": 5],
            ["@vocab": "@id"], ["@vocab": "words"], ["@vocab": ""], ["@import": "x"],
            ["@foo": "https://a.example/"], ["@id": "https://a.example/"],
            ["@type": "https://a.example/"], ["@type": ["@id": "https://a.example/"]],
            ["a": "@foo"], ["a": "@context"], ["a": ["@id": 5]], ["a": ["@id": "@foo"]],
            ["a": ["@foo": 1]], ["a": ["name": "x"]], ["a": ["@container": "@bag"]],
            ["a": ["@type": 5]], ["a": ["@prefix": "yes"]], ["a": ["@protected": 1]],
            ["a:b": ["@id": "https://a.example/", "@prefix": true]],
            ["a": ["@id": "@type", "@prefix": true]],
        ] as [JSONObject]
    )
    func `parts that JSON-LD or the hub does not support are refused`(object: JSONObject) {
        #expect(throws: LDContextError(.invalid, "")) { try context(object) }
    }

    @Test func `a protected term cannot change`() throws {
        let protected: JSONObject = ["@protected": true, "Bus": "https://a.example/Bus"]
        #expect(throws: LDContextError(.invalid, "")) {
            try context(protected, ["Bus": "https://b.example/Bus"])
        }
        let ld = try context(protected, ["Bus": ["@id": "https://a.example/Bus"]])
        #expect(ld.expand("Bus") == IRI("https://a.example/Bus"))
        let open = try context(
            ["@protected": true, "Bus": ["@id": "https://a.example/Bus", "@protected": false]],
            ["Bus": "https://b.example/Bus"]
        )
        #expect(open.expand("Bus") == IRI("https://b.example/Bus"))
    }

    @Test func `a vocabulary is removed by null, or extends an earlier one`() throws {
        let null: JSONObject = ["@vocab": nil]
        let first: JSONObject = ["@vocab": "https://v.example/", "ex": "https://p.example/#"]
        #expect(try context(first, null).expand("a") == LDContext.core.expand("a"))
        let compact = try context(first, ["@vocab": "ex:words/", "b": ["@type": "@id"]])
        #expect(compact.expand("a") == IRI("https://p.example/#words/a"))
        #expect(compact.expand("b") == IRI("https://p.example/#words/b"))
        #expect(compact.compact(IRI("https://p.example/#words/a")) == "a")
        #expect(try context(first, ["@vocab": "ex"]).expand("a") == IRI("https://p.example/#a"))
        let longer = try context(first, ["@vocab": "more/"])
        #expect(longer.expand("a") == IRI("https://v.example/more/a"))
        // It does not know the terms of its own object yet.
        let own = try context(["ex": "https://p.example/", "@vocab": "ex:"])
        #expect(own.expand("a") == IRI("ex:a"))
    }

    @Test func `an earlier definition without an IRI uses the vocabulary`() throws {
        let ld = try context(["Bus": "https://a.example/Bus"], ["Bus": ["@type": "@id"]])
        #expect(ld.expand("Bus") == LDContext.core.expand("Bus"))
    }

    // MARK: Prefixes and compaction

    @Test func `a name compacts to what it was`() throws {
        let ld = try context(["Bus": "http://v.example/Bus", "v": "http://v.example/"])
        for name in ["Bus", "location", "unknown", "v:Tram", "urn:a:1"] {
            #expect(ld.compact(ld.expand(name)) == name)
        }
    }

    @Test func `a prefix shortens an IRI without a term`() throws {
        let ld = try context([
            "v": "http://v.example/", "deep": "http://v.example/deep#",
            "word": "http://v.example/w",
        ])
        #expect(ld.compact(IRI("http://v.example/Tram")) == "v:Tram")
        #expect(ld.compact(IRI("http://v.example/deep#Tram")) == "deep:Tram")
        // In JSON-LD 1.1 a term whose IRI ends in a letter is no prefix.
        #expect(ld.compact(IRI("http://v.example/word")) == "v:word")
        #expect(ld.compact(IRI("http://v.example/")) == "v")
        #expect(ld.compact(IRI("http://other.example/Tram")) == "http://other.example/Tram")
    }

    @Test(
        arguments: [
            (["@id": "https://p.example/ns-", "@prefix": true], true),
            (["@id": "https://p.example/ns/", "@prefix": true], true),
            (["@id": "https://p.example/ns/", "@prefix": false], false),
            (["@id": "https://p.example/ns/"], false), ("https://p.example/ns/", true),
            ("https://p.example/ns-", false), (nil, false),
        ] as [(JSONValue, Bool)]
    )
    func `a term is a prefix if it is declared so, or is plain and looks like one`(
        definition: JSONValue,
        isPrefix: Bool
    ) throws {
        let ld = try context(["ex": definition, "Bus": "ex:Bus"], ["Tram": "ex:Tram"])
        let id = definition.objectValue?["@id"]?.stringValue ?? definition.stringValue ?? ""
        for name in ["Bus", "Tram", "ex:Car"] {
            let rest = name.split(separator: ":").last.map(String.init) ?? ""
            #expect(ld.expand(name) == IRI((isPrefix ? id : "ex:") + rest))
        }
        #expect(ld.compact(IRI(id + "Metro")) == (isPrefix ? "ex:Metro" : id + "Metro"))
    }

    @Test func `of several prefixes the longest that expands back shortens an IRI`() throws {
        let context = try context([
            "a": "urn:x:", "b": "urn:x:b:", "c": "urn:x:b:c:", "d": "urn:x:bb:", "e": "urn:x:b:d:",
        ])
        let names = [
            "urn:x:b:c:name": "c:name", "urn:x:b:d": "b:d", "urn:x:b:cc": "b:cc",
            "urn:x:bbb": "a:bbb", "urn:x:a": "a:a", "urn:x:": "a", "urn:w:b": "urn:w:b",
            "urn:x:b:c://x": "b:c://x", "urn:y": "urn:y",
        ]
        for (iri, name) in names { #expect(context.compact(IRI(iri)) == name) }
    }

    @Test func `with very many prefixes the names of a long answer are compacted quickly`() throws {
        let prefixes = (0..<40_000).map { number in
            (key: "p\(number)", value: JSONValue.string("https://city.example/v\(number)#"))
        }
        let context = try context(JSONObject(prefixes))
        let took = ContinuousClock().measure {
            for number in 0..<2_500 {
                let (known, unknown) = (
                    "https://city.example/v\(number)#", "https://city.example/w#"
                )
                #expect(context.compact(IRI("\(known)name")) == "p\(number):name")
                #expect(context.compact(IRI("\(unknown)\(number)")) == "\(unknown)\(number)")
            }
        }
        #expect(took < .seconds(2))
    }

    @Test func `a term with another IRI is not used for the default one`() throws {
        let ld = try context(["Bus": "http://v.example/Bus"])
        let iri = LDContext.core.expand("Bus")
        #expect(LDContext.core.compact(iri) == "Bus")
        #expect(ld.compact(iri) == "ngsi-ld:default-context/Bus")
        #expect(ld.expand(ld.compact(iri)) == iri)
    }

    @Test func `an IRI that would not expand back stays whole`() throws {
        let ld = try context(["http": "http://v.example/", "v": "http://w.example/"])
        #expect(ld.compact(IRI("http://w.example///x")) == "http://w.example///x")
    }

    @Test(arguments: ["@vocab", "p"])
    func `a common beginning of many names is not too long`(term: String) throws {
        let most = LDContextDefinitions.maximumIRIBytes - "Bus".utf8.count
        for (length, isFine) in [(most, true), (most + 1, false)] {
            let beginning = "https://" + String(repeating: "x", count: length - 9) + "/"
            let object: JSONObject = [
                term: .string(beginning), "Bus": .string(term == "p" ? "p:Bus" : "Bus"),
            ]
            #expect((try? context(object).expand("Bus")) == (isFine ? IRI(beginning + "Bus") : nil))
        }
    }

    @Test func `the definitions of a context have a limit of bytes`() throws {
        var object: JSONObject = [
            "p": .string("https://" + String(repeating: "x", count: 900) + "/")
        ]
        let most = LDContextDefinitions.maximumBytes / 1_000
        for number in 0..<most / 2 { object["term\(number)"] = .string("p:\(number)") }
        _ = try context(object)
        for number in 0..<2 * most { object["term\(number)"] = .string("p:\(number)") }
        #expect(throws: LDContextError(.invalid, "")) { try context(object) }
    }
}
