import Testing

/// Rules that the formatter and the compiler cannot check.
///
/// Each rule says what to do instead. A list of exceptions may only become shorter.
@Suite struct HouseRulesTests {
    /// A text that our code must not have.
    struct Ban: CustomTestStringConvertible {
        var text: String
        var folders: [String]
        var instead: String
        /// The files that may have it.
        var exceptions: Set<String> = []

        var testDescription: String { "\(text) in \(folders.joined(separator: ", "))" }
    }

    /// Modules of values and functions, which must not use a clock, random numbers or waiting.
    private static let logic = [
        "Sources/ContextModel", "Sources/Governance", "Sources/Record", "Sources/Storage",
        "Sources/Broker", "Sources/Statistics",
    ]
    private static let all = ["Sources", "Benchmarks", "Plugins"]

    static let bans: [Ban] = [
        Ban(text: "try!", folders: all, instead: "throw, or make the failure impossible"),
        Ban(text: "as! ", folders: all, instead: "a type that says what it is"),
        Ban(
            text: "fatalError(",
            folders: all,
            instead: "precondition for a bug, an error for anything else"
        ),
        Ban(
            text: "nonisolated(unsafe)",
            folders: all,
            instead: "a Mutex, or a type that is Sendable by itself"
        ),
        Ban(
            text: "import Foundation",
            folders: logic + ["Sources/StorageSQLite"],
            instead: "the standard library and our own time, text and JSON"
        ),
        Ban(
            text: "JSONSerialization",
            folders: ["Sources"],
            instead: "JSONReader and JSONWriter: the hub has one JSON"
        ),
        Ban(
            text: "JSONDecoder",
            folders: ["Sources"],
            instead: "JSONReader: the hub has one JSON",
            exceptions: [
                "Sources/Collect/Import/ImportJournal.swift",
                "Sources/balai/Hub/PartyTokens.swift",
            ]
        ),
        Ban(text: "Date()", folders: logic, instead: "the clock that the initialiser was given"),
        Ban(text: "ContinuousClock", folders: logic, instead: "the clock that came in"),
        Ban(
            text: "Task.sleep",
            folders: logic + ["Sources/Services"],
            instead: "the clock that came in",
            exceptions: ["Sources/Broker/HubClock.swift"]
        ),
        Ban(text: "UUID()", folders: logic, instead: "the makeIdentifier that came in"),
        Ban(text: ".random(in:", folders: logic, instead: "the chance that came in"),
        Ban(
            text: "Double",
            folders: ["Sources/Statistics/Sampling", "Sources/Statistics/Mechanisms"],
            instead: "integers: the bits of a rounded number tell of the data"
        ),
        Ban(
            text: "ReleaseGrant(",
            folders: ["Sources/Statistics/Mechanisms"],
            instead: "the grant of a PrivacyLedger"
        ),
        Ban(
            text: " print(",
            folders: [
                "Sources/ContextModel", "Sources/Governance", "Sources/Storage",
                "Sources/StorageSQLite", "Sources/Broker", "Sources/Collect", "Sources/Gateway",
                "Sources/Outbound", "Sources/Statistics",
            ],
            instead: "a Logger, or an answer"
        ),
        Ban(
            text: "InternalGrant",
            folders: ["Sources/Services", "Sources/CityServices"],
            instead: "the rights that the module names"
        ),
        Ban(
            text: "Hub(",
            folders: ["Sources/CityServices"],
            instead: "the ServiceContext that came in"
        ),
        Ban(
            text: "any Store",
            folders: ["Sources/CityServices"],
            instead: "the ServiceContext that came in"
        ),
        Ban(
            text: ".operator",
            folders: ["Sources/Services", "Sources/CityServices"],
            instead: "the service's own party"
        ),
        Ban(
            text: "usleep(",
            folders: ["Tests"],
            instead: "waiting for what is to happen"
        ),
    ]

    @Test(arguments: bans) func `banned calls do not occur in our code`(ban: Ban) throws {
        let files = try ban.folders.flatMap(SourceFile.all)
            .filter { !$0.path.hasPrefix("Tests/HouseRulesTests/") }
        let found = files.filter { !ban.exceptions.contains($0.path) }
            .flatMap { $0.places(of: ban.text) }
        #expect(found.isEmpty, "Instead of `\(ban.text)`: \(ban.instead).")
        let needless = ban.exceptions.subtracting(
            files.filter { !$0.places(of: ban.text).isEmpty }.map(\.path)
        )
        #expect(needless.isEmpty, "These need no exception any more: take them off the list.")
    }

    /// An operation is a method of the part of the hub that has what it needs.
    @Test func `nothing more is added to Hub itself`() throws {
        let places = try SourceFile.all(in: "Sources")
            .filter { !$0.places(of: "extension Hub {").isEmpty }.map(\.path)
        #expect(
            places.sorted() == [
                "Sources/Broker/SourceIdentity/RetrieveContextSourceIdentity.swift",
                "Sources/Outbound/HubParts.swift",
            ]
        )
    }

    /// The parts beside a body belong to the modules that speak HTTP or MQTT: `Gateway` and
    /// `Outbound`.
    @Test(arguments: ["HTTP", "Header", "header", "\"Content-Type", "\"Link\"", "\"NGSILD-"])
    func `the Broker writes no HTTP`(word: String) throws {
        let places = try SourceFile.all(in: "Sources/Broker").flatMap { $0.places(of: word) }
        #expect(places.isEmpty, "Instead: a value of which Gateway or Outbound makes HTTP.")
    }

    /// The places that read city data without the policy; a new one is a decision, not a detail.
    @Test func `internal grants are created in these places only`() throws {
        let places = try SourceFile.all(in: "Sources")
            .filter { !$0.places(of: "InternalGrant(.").isEmpty }.map(\.path)
        #expect(Set(places) == Self.internalReads)
    }

    static let internalReads: Set<String> = [
        "Sources/Broker/Provision/RemoveExpired.swift",
        "Sources/Broker/Reading/ReadSession.swift",
        "Sources/Broker/Subscription/NotificationDispatcher+Claiming.swift",
        "Sources/Broker/Subscription/OutboxSettlement.swift",
        "Sources/Storage/Store.swift",
        "Sources/Storage/Writing/KeptCopies.swift",
        "Sources/Storage/Writing/StoreTransaction+Changes.swift",
        "Sources/StorageSQLite/IndexFiller.swift",
        "Sources/StorageSQLite/HistorySealer.swift",
        "Sources/StorageSQLite/WriteHistory.swift",
        "Sources/balai/Hub/RetentionService.swift",
    ]

    /// A session is created by one decision, and seals what leaves the hub.
    @Test func `city data is read through a session only`() throws {
        let calls = [
            ".encodedEntity(", ".encodedEntities(", ".read(grant", ".identifiers(", ".shapes(grant",
            ".evolutions(query, grant", ".entities(query, grant", ".outboxMessage(",
            ".documents(.deadLetter", ".document(.deadLetter",
        ]
        let rooms = ["Broker", "Gateway", "Outbound", "Collect", "balai"]
        let places = try rooms.flatMap { try SourceFile.all(in: "Sources/\($0)") }
            .filter { file in calls.contains { !file.places(of: "store\($0)").isEmpty } }
            .map(\.path)
        #expect(places == ["Sources/Broker/Reading/ReadSession.swift"])
    }

    /// Notifications leave by these three ways, and all accept only sealed ones.
    @Test func `senders of notifications accept only sealed requests`() throws {
        var senders: [String] = []
        for file in try SourceFile.all(in: "Sources") {
            senders += file.lines.indices.map { String(file.code($0)) }
                .filter { $0.contains("func send(_") && $0.contains("NotificationRequest") }
        }
        #expect(senders.count == 5)
        #expect(senders.allSatisfy { $0.contains("Disclosed<NotificationRequest>") })
    }

    /// A session is created by one decision, and the store checks its grant.
    @Test func `city data is changed through a session only`() throws {
        let calls = [".change(", ".changeEach(", ".changeEvolution(", ".restore("]
        let rooms = ["Broker", "Gateway", "Outbound", "Collect", "balai"]
        let places = try rooms.flatMap { try SourceFile.all(in: "Sources/\($0)") }
            .filter { file in calls.contains { !file.places(of: "store\($0)").isEmpty } }
            .map(\.path)
        #expect(places == ["Sources/Broker/Writing/WriteSession.swift"])
    }

    /// Calls that change the store without the check of grants.
    @Test func `only the store itself puts data without a grant`() throws {
        let places = try SourceFile.all(in: "Sources")
            .filter { !$0.places(of: "StoreTransaction").isEmpty }.map(\.path)
            .filter { !$0.hasPrefix("Sources/Storage") }
        #expect(places.isEmpty)
    }

    /// The grant to copy is for a snapshot's store, never for the city's.
    @Test func `copy grants are created where snapshots are filled only`() throws {
        let places = try SourceFile.all(in: "Sources")
            .filter { !$0.places(of: ".copyGrant").isEmpty }.map(\.path)
        #expect(places == ["Sources/Broker/Snapshot/SnapshotFilling.swift"])
    }

    /// A build that begins from nothing may compile a module that is not declared too late.
    @Test func `each module that a target imports is declared for it in the package`() throws {
        let targets = try PackageTarget.all()
        let declarable = Set(targets.map(\.name)).union(targets.flatMap(\.dependencies))
        let missing = try targets.flatMap { target in
            Set(try SourceFile.all(in: target.path).flatMap(\.imports))
                .intersection(declarable).subtracting(target.dependencies)
                .map { "\(target.name) imports \($0)" }
        }
        #expect(targets.count > 20)
        #expect(missing.isEmpty, "\(missing.sorted()): name it in the target's dependencies")
    }

    @Test func `only Governance makes grants`() throws {
        let makers = try SourceFile.all(in: "Sources").filter { file in
            !file.path.hasPrefix("Sources/Governance/")
                && !(file.places(of: "ReadGrant(") + file.places(of: "WriteGrant(")).isEmpty
        }
        #expect(makers.map(\.path).isEmpty)
    }

    @Test func `unchecked Sendable types name their lock or queue`() throws {
        for file in try SourceFile.all(in: "Sources") {
            for index in file.lines.indices where file.code(index).contains("@unchecked Sendable") {
                let before = file.lines[max(0, index - 12)..<index].joined().lowercased()
                #expect(
                    before.firstMatch(of: /queue|lock|thread|one at a time|never changes|borrow/)
                        != nil,
                    "\(file.path):\(index + 1) says above it what makes it safe."
                )
            }
        }
    }

    @Test func `functions and files are short`() throws {
        for file in try ["Sources", "Tests", "Benchmarks", "Plugins"].flatMap(SourceFile.all) {
            #expect(file.lines.count <= 600, "\(file.path) is too long: split it by subject.")
            let long = file.functions.filter { $0.count > 70 }
            #expect(long.map(\.name).isEmpty, "in \(file.path), of more than 70 lines")
        }
    }

    @Test func `names are descriptive`() throws {
        let files = try ["Sources", "Tests"].flatMap(SourceFile.all)
        let vague = files.filter { $0.path.contains(/(Manager|Helper|Utils|Common|Impl|Room)\b/) }
        #expect(vague.map(\.path).isEmpty, "A name that fits anything tells nothing.")
    }

    /// Nouns that mean one thing (GLOSSARY.md), and the folders where names may end with them.
    static let nouns = [
        ("form", ["Sources/StorageSQLite/"]),
        ("cursor", ["Sources/Collect/", "Sources/ContextModel/"]),
        (
            "recipient",
            [
                "Sources/Broker/", "Sources/Gateway/Pages/Rights/", "Sources/Governance/",
                "Sources/Storage/",
            ]
        ),
        ("receiver", ["Sources/Broker/", "Sources/Services/"]),
    ]

    @Test(arguments: nouns)
    func `names keep to the glossary`(noun: String, folders: [String]) throws {
        for file in try SourceFile.all(in: "Sources")
        where !folders.contains(where: file.path.hasPrefix) {
            let names = file.names.filter {
                [noun, noun + "s"].contains(SourceFile.words($0).last)
            }
            #expect(names.isEmpty, "GLOSSARY.md has another noun for this in \(file.path).")
        }
    }

    @Test(arguments: [
        ("dateTimeForm", ["date", "time", "form"]), ("platforms", ["platforms"]),
        ("HTTPForm", ["http", "form"]), ("uniform", ["uniform"]),
    ])
    func `a name is split into words`(name: String, words: [String]) {
        #expect(SourceFile.words(name) == words)
    }
}
