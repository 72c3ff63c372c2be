import Borders
import Chance
import ContextModel
import Testing

/// The verdicts of the table that travels with the program.
@Suite struct BorderVerdictTests {
    private let table = BorderRuleTable.asean

    private func question(
        _ source: String,
        _ destination: String = "ID",
        _ category: DataCategory? = .personal,
        _ controller: ControllerSector = .public,
        on date: String = "2026-12-01",
        via: [String] = [],
        transfer: TransferKind = .transfer,
        people: Int? = 1,
        grounds: Set<TransferGround> = []
    ) throws -> BorderQuestion {
        BorderQuestion(
            from: try #require(StateCode(source)),
            to: try #require(StateCode(destination)),
            via: try via.map { try #require(StateCode($0)) },
            category: category,
            controller: controller,
            transfer: transfer,
            date: try #require(CivilDate(date)),
            people: people,
            grounds: grounds
        )
    }

    private func verdict(_ question: BorderQuestion) -> String {
        let verdict = table.verdict(on: question)
        return "\(verdict.rule?.id ?? "-") \(verdict.effect.rawValue)"
            + (verdict.isAllowed ? " allowed" : "")
    }

    @Test func `each rule of the table decides where it is to`() throws {
        let cases: [(BorderQuestion, String)] = try [
            (question("ID", "SG"), "ID-1 DENY"),
            (question("ID", "SG", .internal, .private), "ID-2 PERMIT allowed"),
            (question("ID", "SG", .personal, .private), "ID-3 CONDITION"),
            (question("VN"), "VN-1 CONDITION"),
            (question("VN", "ID", .sensitive), "VN-1 CONDITION"),
            (question("VN", "ID", .employee), "VN-3 PERMIT allowed"),
            (question("VN", "ID", .important), "VN-4 CONDITION"),
            (question("VN", "ID", .core), "VN-5 DENY"),
            (question("MY", "ID", .personal, .private), "MY-1 CONDITION"),
            (question("MY"), "MY-2 NEED_EXPLICIT_GRANT"),
            (question("SG", "ID", .personal, .private), "SG-1 CONDITION"),
            (question("SG"), "SG-2 NEED_EXPLICIT_GRANT"),
            (question("TH"), "TH-1 CONDITION"),
            (question("TH", transfer: .sealed), "TH-2 PERMIT allowed"),
            (question("PH"), "PH-1 CONDITION"),
            (question("BN", "ID", .personal, .ngo), "BN-1 CONDITION"),
            (question("BN"), "BN-2 NEED_EXPLICIT_GRANT"),
            (
                question("LA", "ID", .sensitive, .public, grounds: [.identification]),
                "LA-1 CONDITION"
            ),
            (question("LA"), "LA-2 CONDITION"),
            (question("LA", "LA", .prohibited), "LA-3 DENY"),
            (question("KH"), "KH-1 CONDITION"),
            (question("KH", "KH", .identification), "KH-2 DENY"),
            (question("MM"), "MM-1 CONDITION"),
            (question("TL"), "TL-1 DENY"),
            (question("TH", "ID", .internal), "XX-0 DENY"),
        ]
        for (question, expected) in cases { #expect(verdict(question) == expected) }
        let decided = Set(cases.compactMap { $0.1.split(separator: " ").first.map(String.init) })
        // VN-2 asks for what VN-1 asks for; the two of ASEAN decide nothing by themselves.
        let rest: Set = ["VN-2", "AS-1", "AS-2"]
        #expect(decided.union(rest) == Set(table.rules.map(\.id)))
        #expect(table.rules.count == 27)
    }

    @Test func `a ground that the rule names lifts it, and no other does`() throws {
        let singapore = try question("SG", "TH", .personal, .private)
        for ground in TransferGround.allCases {
            var question = singapore
            question.grounds = [ground]
            let helps =
                ["contract", "binding-rules", "certification", "consent"]
                + ["in-transit", "publicly-available"]
            #expect(table.verdict(on: question).isAllowed == helps.contains(ground.rawValue))
        }
        // What needs two of them is not lifted by one.
        #expect(try verdict(question("KH", grounds: [.consent])) == "KH-1 CONDITION")
        #expect(
            try verdict(question("KH", grounds: [.consent, .contract])) == "KH-1 CONDITION allowed"
        )
        // Each of several rules has to be met.
        let lao = try question("LA", "ID", .sensitive, .public, grounds: [.consent])
        #expect(verdict(lao) == "LA-2 CONDITION")
        #expect(table.verdict(on: lao).others == ["LA-1"])
    }

    @Test(arguments: [
        (99_999, "VN-1"), (100_000, "VN-4"), (100_001, "VN-4"), (999_999, "VN-4"),
        (1_000_000, "VN-5"), (1_000_001, "VN-5"),
    ])
    func `heads are counted where the law counts them`(people: Int, rule: String) throws {
        let grounds: Set<TransferGround> = rule == "VN-1" ? [] : [.contract]
        let question = try question("VN", people: people, grounds: grounds)
        let verdict = table.verdict(on: question)
        let inForce = Set(verdict.others + [verdict.rule?.id ?? "-"])
        #expect(inForce.contains(rule))
        #expect(!verdict.isAllowed)
        // With a dossier and a contract only core data stays.
        var grounded = question
        grounded.grounds = [.assessment, .contract]
        #expect(table.verdict(on: grounded).isAllowed == (people < 1_000_000))
    }

    @Test func `whoever does not count the heads gets the strictest verdict`() throws {
        let grounds: Set<TransferGround> = [.assessment, .contract]
        #expect(try verdict(question("VN", people: nil, grounds: grounds)) == "VN-5 DENY")
        #expect(try verdict(question("VN", people: 1, grounds: grounds)).hasSuffix("allowed"))
        #expect(try verdict(question("VN", "ID", .internal, people: nil)) == "XX-0 DENY")
    }

    @Test func `a rule holds from its first day on`() throws {
        #expect(try verdict(question("VN", on: "2025-12-31")) == "XX-0 DENY")
        #expect(try verdict(question("VN", on: "2026-01-01")) == "VN-1 CONDITION")
        let duties = table.verdict(on: try question("VN", on: "2026-01-01")).duties
        let first = try #require(CivilDate("2026-01-01"))
        #expect(duties.compactMap { $0.due(first) } == [try #require(CivilDate("2026-03-02"))])
    }

    @Test func `an unknown category, and a state without rules, are refused`() throws {
        for source in ["SG", "ID", "US"] {
            #expect(try verdict(question(source, "TH", nil, .private)) == "XX-0 DENY")
        }
        #expect(try verdict(question("US", "TH")) == "XX-0 DENY")
        // Also within a state.
        #expect(try verdict(question("SG", "SG", nil)) == "XX-0 DENY")
        #expect(try verdict(question("SG", "SG")) == "- PERMIT allowed")
    }

    @Test func `data stays under its source's law on the way, and comes under that of each holder`()
        throws
    {
        // Thailand could give its own data to Indonesia by contract; Singapore's public data not.
        let chain = try question("SG", "ID", via: ["TH"], grounds: [.contract])
        #expect(verdict(chain) == "SG-2 NEED_EXPLICIT_GRANT")
        // Indonesia keeps what it holds, wherever it came from.
        let held = try question("TH", "SG", via: ["ID"], grounds: [.contract])
        #expect(verdict(held) == "ID-1 DENY")
        // And back at home it still passed through.
        #expect(try verdict(question("SG", "SG", via: ["TH"])) == "SG-2 NEED_EXPLICIT_GRANT")
    }

    @Test func `a longer way, fewer grounds and a removed rule never open a border`() throws {
        var chance = SeededGenerator(seed: 26)
        let states = StateCode.asean.sorted { $0.text < $1.text }
        for _ in 0..<3_000 {
            func state() throws -> StateCode {
                try #require(states.randomElement(using: &chance))
            }
            var question = BorderQuestion(
                from: try state(),
                to: try state(),
                category: DataCategory.allCases.randomElement(using: &chance),
                controller: try #require(ControllerSector.allCases.randomElement(using: &chance)),
                date: CivilDate(daysSince1970: Int.random(in: 15_000..<21_000, using: &chance)),
                people: Int.random(in: 0..<2_000_000, using: &chance),
                grounds: Set(TransferGround.allCases.filter { _ in Bool.random(using: &chance) })
            )
            let direct = table.verdict(on: question)
            let rule = direct.rule?.id
            let crosses = question.source != question.destination
            if crosses, direct.isAllowed, let rule, direct.others.isEmpty {
                let without = BorderRuleTable(
                    title: table.title,
                    rules: table.rules.filter { $0.id != rule }
                )
                #expect(!without.verdict(on: question).isAllowed, "\(question)")
            }
            if !direct.isAllowed {
                var other = question
                other.via = [try state()]
                #expect(!table.verdict(on: other).isAllowed, "\(other)")
                question.grounds = []
                #expect(!table.verdict(on: question).isAllowed, "\(question)")
            }
        }
    }

    @Test func `a table that is not wholly understood is refused, with the place`() throws {
        let rule = """
            {"id":"A-1","sources":["SG"],"effect":"PERMIT","condition":"c","basis":"b",
            "confidence":"low","references":"r"}
            """
        func read(_ rules: String) throws -> BorderRuleTable {
            try BorderRuleReader().table(Array("{\"title\":\"t\",\"rules\":[\(rules)]}".utf8))
        }
        #expect(try read(rule).rules.count == 1)
        let faults = [
            (rule.replacing("PERMIT", with: "MAYBE"), "A-1.effect"),
            (rule.replacing("\"SG\"", with: "\"Singapore\""), "A-1.sources"),
            (rule.replacing("\"id\"", with: "\"colour\":1,\"id\""), "A-1.colour"),
            (rule.replacing("\"id\"", with: "\"from\":\"soon\",\"id\""), "A-1.from"),
            (rule.replacing("\"id\"", with: "\"grounds\":[\"a+\"],\"id\""), "A-1.grounds"),
            (rule.replacing("\"id\"", with: "\"exempts\":[\"B-1\"],\"id\""), "A-1.exempts"),
            (rule.replacing("\"id\"", with: "\"categories\":[\"cats\"],\"id\""), "A-1.categories"),
            ("\(rule),\(rule)", "rules[1].id"),
        ]
        for (text, place) in faults {
            let error = #expect(throws: BorderRuleError.self) { try read(text) }
            #expect(error?.description.hasPrefix(place) == true, "\(error as Any)")
        }
    }
}
