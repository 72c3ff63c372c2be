import Broker
import Configuration
import ContextModel
import Foundation
import Gateway
import Governance
import Logging
import Storage
import Testing

@testable import balai

@Suite struct HubConfigurationTests {
    @Test func `without any setting the defaults hold`() async throws {
        let configuration = try await configuration()
        #expect(configuration.gateway == GatewaySettings())
        #expect(configuration.policy == Policy(permissions: []))
        #expect(configuration.retention.isEmpty)
    }

    @Test func `the command line precedes the environment, and that the file`()
        async throws
    {
        let file = "port: 1\nhost: 10.0.0.1\nlimits: {maximumDepth: 10}"
        let environment = ["BALAI_PORT": "2", "BALAI_LIMITS_MAXIMUM_DEPTH": "20", "HOME": "/x"]
        let configuration = try await configuration(
            file,
            environment,
            ["port": ConfigValue(.int(3), isSecret: false)]
        )
        #expect(configuration.gateway.port == 3)
        #expect(configuration.maximumDepth == 20)
        #expect(configuration.gateway.host == "10.0.0.1")
    }

    @Test(arguments: [
        ("10.0.0.1", "http://10.0.0.1:80"), ("::1", "http://[::1]:80"),
        ("0.0.0.0", "http://localhost:80"), ("::", "http://localhost:80"),
    ])
    func `links have the address that the hub listens on`(host: String, url: String) async throws {
        var configuration = try await configuration("port: 80")
        configuration.gateway.host = host
        #expect(configuration.reachableURL == url)
        configuration.publicURL = "https://data.city.example"
        #expect(configuration.reachableURL == "https://data.city.example")
    }

    @Test func `public settings become a permission for anyone to read`() async throws {
        let configuration = try await configuration(
            """
            public:
              types: [Bus, "https://example.org/Tram"]
              scopes: [/Transport/#]
              hiddenAttributes: [driver]
            """
        )
        let target = Condition.any([
            .type(IRI("https://uri.etsi.org/ngsi-ld/default-context/Bus")),
            .type(IRI("https://example.org/Tram")),
        ]).and(.scope(ScopePattern(segments: ["Transport", "#"])))
        #expect(
            configuration.policy.permissions == [
                Permission(
                    assignee: .anyone,
                    actions: [.read],
                    target: target,
                    hiddenAttributes: [IRI("https://uri.etsi.org/ngsi-ld/default-context/driver")]
                )
            ]
        )
    }

    @Test func `a permission is for the party with its name`() async throws {
        let configuration = try await configuration(
            """
            permissions:
              traffic-office: {actions: [read, write], types: ["*"]}
            """
        )
        #expect(
            configuration.policy.permissions == [
                Permission(
                    assignee: .party(PartyID("traffic-office")),
                    actions: [.read, .write],
                    target: .everything
                )
            ]
        )
    }

    @Test func `a short name has its meaning in the core context`() {
        #expect(ConfiguredName.iri("location") == .location)
        #expect(
            ConfiguredName.iri("driver")
                == IRI("https://uri.etsi.org/ngsi-ld/default-context/driver")
        )
        #expect(ConfiguredName.iri("https://example.org/a") == IRI("https://example.org/a"))
    }

    @Test func `a prohibition hides attributes of some entities, from everybody or from parties`()
        async throws
    {
        let configuration = try await configuration(
            """
            prohibitions:
              homes: {types: [Bus], scopes: [/A], attributes: [location, driver]}
              one: {ids: ["urn:x:bus"], parties: [a, b], attributes: [driver]}
            """
        )
        let bus = Condition.type(ConfiguredName.iri("Bus"))
        let one = Condition.ids([EntityID("urn:x:bus")])
        func rule(
            _ party: Permission.Assignee,
            _ target: Condition,
            _ names: [String]
        )
            -> Prohibition
        {
            Prohibition(
                assignee: party,
                target: target,
                attributes: Set(names.map(ConfiguredName.iri))
            )
        }
        #expect(
            Set(configuration.policy.prohibitions) == [
                rule(
                    .anyone,
                    bus.and(.scope(ScopePattern(segments: ["A"]))),
                    ["location", "driver"]
                ),
                rule(.party(PartyID("a")), one, ["driver"]),
                rule(.party(PartyID("b")), one, ["driver"]),
            ]
        )
    }

    @Test func `services can be restricted and switched off`() async throws {
        let narrowed = try await configuration(
            """
            services:
              demo-city: {actions: [write], types: [Bus], scopes: [/A], hiddenAttributes: [driver]}
            """
        )
        let demo = KnownServices.demoCity
        let permissions = narrowed.permissions(of: demo)
        #expect(narrowed.runs(demo))
        #expect(permissions.flatMap(\.actions) == [.write])
        let bus = Condition.type(ConfiguredName.iri("Bus"))
        #expect(permissions.first?.target == bus.and(.scope(ScopePattern(segments: ["A"]))))
        #expect(permissions.allSatisfy { $0.hiddenAttributes == [ConfiguredName.iri("driver")] })
        let off = try await configuration("services: {demo-city: {enabled: false}}")
        #expect(!off.runs(demo))
        #expect(off.permissions(of: demo).allSatisfy { $0.actions.isEmpty })
        let plain = try await configuration()
        #expect(plain.runs(demo))
        #expect(plain.permissions(of: demo).first?.target == .everything)
    }

    @Test func `people sign in at an issuer that knows the hub as a client`() async throws {
        let issuers = try await configuration(
            """
            issuers:
              city:
                issuer: https://id.city.example
                clientID: balai
                clientSecretVariable: CITY_SECRET
                scopes: [profile]
                rolePrefix: "city:"
            """
        ).issuers
        let settings = try #require(issuers.first)
        let client = try #require(settings.client)
        #expect(settings.keys == nil && settings.issuer.audiences.isEmpty)
        #expect(settings.issuer.rolePrefix == "city:")
        #expect(client.name == "city" && client.id == "balai" && client.label == "city")
        #expect(client.secret == .variable("CITY_SECRET") && client.scopes == ["profile"])
    }

    @Test(arguments: [
        "issuers: {city: {issuer: https://id.example}}",
        "issuers: {city: {issuer: https://id.example, audience: [balai]}}",
        "issuers: {city: {issuer: https://id.example, clientID: a, keys: https://id.example/k}}",
        "issuers: {city: {issuer: http://id.example, clientID: a}}",
        "issuers: {city: {issuer: https://id.example, clientID: a, scopes: [a b]}}",
        """
        issuers: {city: {issuer: https://id.example, clientID: a, clientSecretFile: f,
          clientSecretVariable: v}}
        """,
        """
        issuers: {city: {issuer: https://id.example, audience: [b], keys: https://id.example/k,
          label: City}}
        """,
        "tls: {certificate: a.pem}", "tls: {key: a.key}", "tls: {clientCertificates: a.pem}",
        "certificateParties: {a: {subject: CN=a, party: a}}",
        """
        tls: {certificate: a.pem, key: a.key, clientCertificates: c.pem}
        certificateParties: {a: {subject: CN=a, party: operator}}
        """,
        """
        tls: {certificate: a.pem, key: a.key, clientCertificates: c.pem}
        certificateParties: {a: {subject: CN=a, party: a}, b: {subject: CN=a, party: b}}
        """,
    ])
    func `settings of identity that say too little, or too much, are refused`(
        text: String
    ) async throws {
        await #expect(throws: ConfigurationError.self) { try await configuration(text) }
    }

    @Test func `the subjects of certificates are parties with roles`() async throws {
        let configuration = try await configuration(
            """
            tls: {certificate: a.pem, key: a.key, clientCertificates: c.pem}
            certificateParties:
              bus: {subject: "CN=bus,O=City", party: bus-company, roles: [admin, driver]}
            """
        )
        #expect(configuration.tls?.clientCertificates == "c.pem")
        let bus = try #require(configuration.certificateParties["CN=bus,O=City"])
        #expect(bus.party == .named(PartyID("bus-company")))
        #expect(bus.roles == .admin && bus.otherRoles == ["driver"])
        #expect(configuration.reachableURL.hasPrefix("https://"))
    }

    @Test func `an issuer is read with its claims`() async throws {
        let issuers = try await configuration(
            """
            issuers:
              city:
                issuer: https://id.city.example
                audience: [balai]
                keys: https://id.city.example/keys
                algorithms: [ES256]
                partyPrefix: "urn:city:user:"
                subjectClaim: sub
                rolesClaim: realm_access.roles
                adminRoles: [balai-admin]
            """
        ).issuers
        let settings = try #require(issuers.first)
        #expect(issuers.count == 1 && settings.isRemote)
        #expect(settings.issuer.name == "https://id.city.example")
        #expect(settings.issuer.audiences == ["balai"])
        #expect(settings.issuer.algorithms == [.es256])
        #expect(settings.issuer.claims.party == "sub")
        #expect(settings.issuer.claims.subject == "sub")
        #expect(settings.issuer.claims.roles == "realm_access.roles")
        #expect(settings.issuer.roles == ["balai-admin": .admin])
    }

    @Test func `retention thins first and removes later, also for types that are IRIs`()
        async throws
    {
        let configuration = try await configuration(
            """
            retention:
              "https://example.org/a.b/Bus": {keepDays: 10, thinAfterDays: 1, thinToMinutes: 60}
              "*": {keepDays: 100}
            """
        )
        let day: Int64 = 86_400_000_000
        let bus = IRI("https://example.org/a.b/Bus")
        #expect(
            configuration.retention == [
                RetentionRule(
                    type: bus,
                    ageMicroseconds: day,
                    effect: .thin(periodMicroseconds: 3_600_000_000)
                ),
                RetentionRule(type: bus, ageMicroseconds: 10 * day, effect: .remove),
                RetentionRule(type: nil, ageMicroseconds: 100 * day, effect: .remove),
            ]
        )
    }

    @Test(arguments: [
        ("prot: 1026", "There is no setting \"prot\"; nearest: \"port\"."),
        ("limits: {maximumBodyByte: 1}", "nearest: \"limits.maximumBodyBytes\""),
        ("port: many", "port must be a whole number."),
        ("port: 70000", "port: 70000 is not from 0 to 65535."),
        ("contexts: {fetchRemote: perhaps}", "contexts.fetchRemote must be true or false."),
        ("public: {types: Bus}", "public.types must be a list."),
        ("log: {level: loud}", "log.level: \"loud\" is not one of trace"),
        ("pages: {tilesURL: 'ftp://x'}", "pages.tilesURL: \"ftp://x\""),
        ("limits: {defaultPageSize: 50, maximumPageSize: 10}", "limits.defaultPageSize (50)"),
        ("permissions: {x: {actions: [fly], types: [A]}}", "\"fly\" is not one of"),
        ("permissions: {x: {actions: [read]}}", "permissions.x needs types or scopes"),
        ("public: {hiddenAttributes: [driver]}", "public.hiddenAttributes needs public.types"),
        ("prohibitions: {x: {types: [A]}}", "prohibitions.x.attributes must name"),
        ("prohibitions: {x: {attributes: [a]}}", "prohibitions.x needs types, scopes or ids"),
        ("public: {scopes: [Traffic]}", "\"Traffic\" must start with \"/\""),
        ("services: {lamps: {types: [A]}}", "services.lamps: there is no such service"),
        ("services: {demo-city: {enabled: perhaps}}", "services.demo-city.enabled must be true"),
        ("services: {demo-city: {actions: [fly]}}", "services.demo-city.actions: \"fly\""),
        ("services: {demo-city: {scopes: [A]}}", "services.demo-city.scopes: \"A\" must start"),
        ("issuers: {city: {issuer: x, keys: k.json}}", "issuers.city needs audience and keys"),
        (
            "issuers: {city: {issuer: x, audience: [a], keys: 'http://id.example/keys'}}",
            "issuers.city.keys: \"http://id.example/keys\" must be https"
        ),
        (
            "issuers: {city: {issuer: x, audience: [a], keys: k, algorithms: [HS256]}}",
            "issuers.city.algorithms: \"HS256\" is none of EdDSA"
        ),
        (
            "issuers: {a: {issuer: x, audience: [a], keys: k}, b: {issuer: x, audience: [b], keys: k}}",
            "issuers: two are called \"x\""
        ),
        ("statistics: {rho: 0}", "statistics.rho: is 0/1, and must be above 0"),
        ("statistics: {rho: much}", "statistics.rho must be a number."),
        ("statistics: {days: 0}", "statistics.days: 0 is not from 1"),
        ("retention: {Bus: {thinAfterDays: 3}}", "must be set together"),
        ("a: [", "is not YAML"),
    ])
    func `a wrong setting is reported with its name and a hint`(
        file: String,
        finding: String
    ) async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await self.configuration(file)
        }
        let findings = error?.findings ?? []
        #expect(findings.contains { $0.contains(finding) }, "\(findings)")
    }

    @Test func `an unknown environment variable with our prefix is an error`() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await self.configuration(nil, ["BALAI_PROT": "1"])
        }
        #expect(error?.findings.first?.contains("BALAI_PORT") == true)
    }

    @Test func `all findings are reported at once`() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await self.configuration("prot: 1\nport: x\nlog: {level: loud}")
        }
        #expect(error?.findings.count == 3)
    }

    @Test func `every setting has a line in the manual, and every line a setting`() throws {
        let manual = try String(contentsOf: Self.manual, encoding: .utf8)
        let documented = manual.matches(of: try Regex("(?m)^\\| `([^`]+)` \\|")).compactMap {
            $0.output[1].substring.map(String.init)
        }
        #expect(documented == ConfigurationKey.all.map(\.name))
    }

    @Test func `the manual names the settings that need a restart`() throws {
        let manual = try String(contentsOf: Self.manual, encoding: .utf8)
        let list = try #require(manual.firstMatch(of: /need a restart:([^:]*?)\.\n/)?.1)
        let named = list.matches(of: /`([^`]+)`/).map { String($0.1) }
        let expected = ConfigurationKey.all.filter(\.needsRestart).map(\.name)
        #expect(named == expected)
    }

    @Test func `what is read again is in force, but for what needs a restart`() async throws {
        let before = try await configuration("host: 127.0.0.1\nstatistics: {rho: 0.5}")
        let read = try await configuration(
            """
            host: 0.0.0.0
            statistics: {rho: 0.25}
            services: {demo-city: {enabled: false}}
            pages: {cityName: New Town}
            """
        )
        let live = before.taking(read)
        #expect(live.gateway.host == "127.0.0.1")
        #expect(live.limits.privacyBudget == before.limits.privacyBudget)
        #expect(live.pages.cityName == "New Town")
        #expect(
            before.changesForRestart(in: read)
                == ["host", "services.demo-city.enabled", "statistics.rho"]
        )
        // It is told again as long as it waits.
        #expect(live.changesForRestart(in: read) == before.changesForRestart(in: read))
        #expect(read.changesForRestart(in: read) == [])
    }

    /// `make limits` sets the variable; then the defaults are written instead of compared.
    @Test func `the manual has the defaults of the code`() throws {
        var defaults = HubConfiguration.defaults
        // The folder of the program depends on the machine.
        #expect(defaults.removeValue(forKey: "pages.leafletFolder") != nil)
        #expect(defaults["port"] == "1026")
        let manual = try String(contentsOf: Self.manual, encoding: .utf8)
        let current = manual.replacing(/(?m)^(\| `([^`]+)` \|)[^|]*\|/) { row in
            guard let value = defaults[String(row.2)] else { return String(row.0) }
            let isText = ConfigurationKey.all.contains { $0.name == row.2 && $0.kind == .text }
            let shown = value.isEmpty ? "none" : isText ? "`\(value)`" : value
            return "\(row.1) \(shown) |"
        }
        if ProcessInfo.processInfo.environment["BALAI_WRITE_LIMITS"] != nil {
            try current.write(to: Self.manual, atomically: true, encoding: .utf8)
        }
        #expect(
            try String(contentsOf: Self.manual, encoding: .utf8) == current,
            "docs/configuration.md is out of date: run make limits."
        )
    }

    private static let manual = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/configuration.md")

    @Test func `the variables with secrets of sources are no settings`() async throws {
        await #expect(throws: Never.self) {
            _ = try await configuration(nil, ["BALAI_SOURCE_AIR": "a secret"])
        }
        await #expect(throws: (any Error).self) {
            _ = try await configuration(nil, ["BALAI_SOURCES_AIR": "no secret of a source"])
        }
    }

    private func configuration(
        _ file: String? = nil,
        _ environment: [String: String] = [:],
        _ commandLine: [String: ConfigValue] = [:]
    ) async throws -> HubConfiguration {
        try await withTemporaryFolder { folder in
            if let file {
                try file.write(toFile: "\(folder)/hub.yaml", atomically: true, encoding: .utf8)
            }
            return try HubConfiguration(
                await ConfigurationSources(
                    file: file.map { _ in "\(folder)/hub.yaml" },
                    environment: environment,
                    commandLine: commandLine
                )
            )
        }
    }
}

/// Runs `body` with a folder that is removed afterwards.
func withTemporaryFolder<Answer>(
    _ body: (_ path: String) async throws -> Answer
) async throws -> Answer {
    let path = NSTemporaryDirectory() + "balai-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
