import Foundation

/// Many hubs that ask each other: what that costs over asking one, and how it grows with their number.
extension Bench {
    func network() throws {
        try chain()
        try threePeers()
        let most = scale.pick(quick: 5, usual: 38)
        for cities in [2, 5, 10, 20, 38] where cities <= most {
            let network = try CityNetwork(self, "network\(cities)", cities: cities)
            defer { network.stop() }
            try measure(network, of: cities, isWhole: cities == most)
        }
    }

    private static let indicators = "/ngsi-ld/v1/entities?type=KeyPerformanceIndicator&limit=1000"

    // MARK: A few hubs

    /// An entity that a hub has, by way of two others.
    private func chain() throws {
        try withHub("chain3") { last in
            try withHub("chain2") { middle in
                try withHub("chain1") { first in
                    let parcel =
                        #"{"id":"urn:ngsi-ld:Parcel:1","type":"Parcel","weight":{"type":"Property","value":3}}"#
                    try Client(to: last.address).expect(
                        [201],
                        Request("POST", "/ngsi-ld/v1/entities", body: parcel).bytes
                    )
                    try register(last, at: middle)
                    try register(middle, at: first)
                    let atOne = try retrieveParcel(last)
                    let through = try retrieveParcel(first)
                    let ratio = Self.median(through) / Self.median(atOne)
                    report.add(Row("A small entity of a hub", figure: atOne.summary))
                    report.add(
                        Row(
                            "The same asked through two hubs, without signatures",
                            figure: through.summary,
                            ratio: String(format: "%.2f of one hub's time", ratio),
                            targets: [.atMost(2.5, "of one hub's time", ratio)]
                        )
                    )
                }
            }
        }
    }

    private func register(_ source: ServerProcess, at hub: ServerProcess) throws {
        let registration = """
            {"type":"ContextSourceRegistration","information":[{"entities":[{"type":"Parcel"}]}],\
            "endpoint":"http://127.0.0.1:\(source.address.port)"}
            """
        try Client(to: hub.address).expect(
            [201],
            Request("POST", "/ngsi-ld/v1/csourceRegistrations", body: registration).bytes
        )
    }

    private func retrieveParcel(_ hub: ServerProcess) throws -> Measurement {
        let request = Request("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:Parcel:1").bytes
        return try one(at: hub, request) { answer in
            answer.isNot(200) ?? (answer.body.contains("\"weight\"") ? nil : "not the parcel")
        }
    }

    /// One city asks three others, which answer each for itself as well.
    private func threePeers() throws {
        let network = try CityNetwork(self, "peers", cities: 4)
        defer { network.stop() }
        try waitForAll(network, 4)
        let together = try ask(network, cities: 4)
        var slowest = 0.0
        for city in 1...3 {
            let peer = CityAddress(network.address(of: city), in: network)
            let request = Request("GET", Self.indicators + "&local=true").bytes
            let measured = try one(at: peer, request) { Self.complaint($0, 1) }
            slowest = max(slowest, Self.median(measured))
        }
        let share = (Self.median(together) - 1) / slowest
        report.add(
            Row(
                "A question of one city to three others, signed",
                figure: together.summary
                    + String(format: "; the slowest of the three by itself: p50 %.2f ms", slowest),
                targets: [.atMost(1.3, "of the slowest, and 1 ms", share)]
            )
        )
    }

    // MARK: Ever more hubs

    private func measure(_ network: CityNetwork, of cities: Int, isWhole: Bool) throws {
        try waitForAll(network, cities)
        growth.starts.add(cities, microseconds: network.secondsToReady * 1e6)
        if isWhole { try reportStart(network, cities) }
        let asked = try ask(network, cities: cities)
        growth.questions.add(cities, microseconds: Self.median(asked) * 1e3)
        growth.questionCosts.add(cities, asked)
        guard isWhole else { return }
        report.add(
            Row(
                "A question of one city to \(cities - 1) others, signed",
                figure: asked.summary,
                targets: [.atMost(100, "ms", Self.median(asked))]
            )
        )
        try askBesideSilentCity(network, cities, before: Self.median(asked))
    }

    private func reportStart(_ network: CityNetwork, _ cities: Int) throws {
        sleep(5)
        let memory = try network.megabytes()
        let (all, most) = (memory.reduce(0, +), memory.max() ?? 0)
        report.add(
            Row(
                "`balai network`, \(cities) hubs: start, until each can ask all others",
                figure: String(format: "%.1f s", network.secondsToReady),
                targets: [.atMost(10, "s", network.secondsToReady)]
            )
        )
        report.add(
            Row(
                "Memory of \(cities) idle hubs (PSS: what they share counts once)",
                figure: String(format: "%.0f MB, at most %.0f MB a hub", all, most),
                targets: [.atMost(2_000, "MB", all), .atMost(40, "MB a hub", most)]
            )
        )
    }

    /// A city that accepts connections and says nothing costs its time once; then the others are asked without it.
    private func askBesideSilentCity(
        _ network: CityNetwork,
        _ cities: Int,
        before: Double
    ) throws {
        network.silenceLastCity()
        defer { network.wakeLastCity() }
        let start = monotonicSeconds()
        try Client(to: network.address).expect([200], Request("GET", Self.indicators).bytes)
        let first = monotonicSeconds() - start
        let after = try ask(network, cities: cities - 1)
        let share = Self.median(after) / before
        report.add(
            Row(
                "The same where one city is silent: the first question, and those after it",
                figure: String(format: "%.1f s; then ", first) + after.summary,
                targets: [.atMost(1.2, "of the time with all cities", share)]
            )
        )
    }

    // MARK: Questions

    /// Waits until the first city gets the indicators of all.
    private func waitForAll(_ network: CityNetwork, _ cities: Int) throws {
        let client = try Client(to: network.address)
        let end = monotonicSeconds() + 60
        while true {
            let complaint = try client.exchange(Request("GET", Self.indicators).bytes) {
                Self.complaint($0, cities)
            }
            guard let complaint else { return }
            guard monotonicSeconds() < end else { throw BenchmarkError(complaint) }
            usleep(100_000)
        }
    }

    private func ask(_ network: CityNetwork, cities: Int) throws -> Measurement {
        try one(at: network, Request("GET", Self.indicators).bytes) { Self.complaint($0, cities) }
    }

    private static func complaint(_ answer: Message, _ cities: Int) -> String? {
        if let complaint = answer.isNot(200) { return complaint }
        let found = answer.body.occurrences(of: "\"pm25-mean\"")
        guard found != cities else { return nil }
        // Its warnings say who is missing, and why.
        let head = String(decoding: answer.head, as: UTF8.self)
        return "indicators of \(found) cities instead of \(cities): \(head)"
    }

    /// One connection, so that each question has the machine for itself.
    private func one(
        at server: any Measured,
        _ request: [UInt8],
        check: @escaping (Message) -> String?
    ) throws -> Measurement {
        try loop(server, connections: 1).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { _, _ in request },
            check: { _, answer in check(answer) }
        ).checked()
    }

    /// Milliseconds that half of the answers took at most.
    private static func median(_ measured: Measurement) -> Double {
        Double(measured.latencyMicroseconds(share: 0.5)) / 1_000
    }

    /// One city of a network, whose processor time is that of all.
    private struct CityAddress: Measured {
        let address: Address
        private let network: CityNetwork

        init(_ address: Address, in network: CityNetwork) {
            self.address = address
            self.network = network
        }

        func processorSeconds() throws -> Double { try network.processorSeconds() }
    }
}
