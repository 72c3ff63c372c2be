import Foundation

/// Stations, and subscriptions that each watch one of them.
enum Watching {
    static let stations = 2_000
    /// The first so many are watched, the others are not.
    static let watched = 1_000
    /// Of each watched station once all 10,000 are there: a write matches 1 in 1,000 of them.
    static let perStation = 10

    /// Subscription `number` watches station `number % watched`.
    static func subscription(_ number: Int, at endpoint: Address) -> [UInt8] {
        var station = Request(raw: "urn:ngsi-ld:TrafficStation:########")
        let id = String(decoding: station(number % watched), as: UTF8.self)
        return Request(
            "POST",
            "/ngsi-ld/v1/subscriptions",
            body: """
                {"id":"urn:ngsi-ld:Subscription:\(number)","type":"Subscription",\
                "entities":[{"id":"\(id)","type":"TrafficStation"}],\
                "watchedAttributes":["level"],\
                "notification":{"attributes":["level"],"endpoint":\
                {"uri":"http://127.0.0.1:\(endpoint.port)/","accept":"application/json"}}}
                """
        ).bytes
    }
}

extension Bench {
    /// What 10,000 subscriptions cost an update that matches none of them, against what 10 cost.
    func subscriptions() throws {
        try withHub("subscriptions") { hub in
            _ = try batches(0..<Watching.stations, of: hub)
            let receiver = try Receiver(poller)
            defer { receiver.stop() }
            try subscribe(hub, 0..<10, receiver)
            let few = try updateUnwatched(hub, subscriptions: 10, round: 0)
            report.add("Update of one attribute, 10 subscriptions", few)
            try subscribe(hub, 10..<100, receiver)
            _ = try updateUnwatched(hub, subscriptions: 100, round: 1)
            try subscribe(hub, 100..<1_000, receiver)
            _ = try updateUnwatched(hub, subscriptions: 1_000, round: 2)
            let created = try subscribe(hub, 1_000..<10_000, receiver)
            report.add("Create a subscription, 10 connections", created)
            let many = try updateUnwatched(hub, subscriptions: 10_000, round: 3)
            let cost = few.perSecond / many.perSecond
            report.add(
                Row(
                    "Update of one attribute, 10,000 subscriptions",
                    figure: many.summary,
                    ratio: String(format: "costs %.2f of that with 10", cost),
                    targets: [.atMost(2, "of the cost with 10", cost)]
                )
            )
        }
    }

    @discardableResult
    func subscribe(
        _ hub: ServerProcess,
        _ numbers: Range<Int>,
        _ receiver: Receiver
    ) throws
        -> Measurement
    {
        let measured = try loop(hub, connections: 10).run(
            Bound(requests: numbers.count, seconds: 60),
            make: { number, _ in
                Watching.subscription(numbers.lowerBound + number, at: receiver.address)
            },
            check: { _, answer in answer.isNot(201) }
        ).checked()
        guard measured.requests == numbers.count else {
            throw BenchmarkError("creating \(numbers.count) subscriptions takes over a minute")
        }
        return measured
    }

    private func updateUnwatched(
        _ hub: ServerProcess,
        subscriptions: Int,
        round: Int
    ) throws -> Measurement {
        var request = Station.attributeUpdate()
        let unwatched = Watching.stations - Watching.watched
        let most = 240_000
        let measured = try loop(hub, connections: 32).run(
            Bound(requests: most, seconds: scale.seconds * 0.6),
            make: { number, _ in
                request(Watching.watched + number % unwatched, round * most + number)
            },
            check: { _, answer in answer.isNot(204) }
        ).checked()
        growth.updates.add(subscriptions, measured)
        return measured
    }
}
