extension Bench {
    /// Entities created one a request, history on, into a hub that was empty.
    func create() throws {
        try withHub("create") { hub in
            var created = 0
            for connections in [32, 50] {
                try probeHello()
                var request = Station.creation()
                let first = created
                let all = 0..<1_000_000
                let measured = try loop(hub, connections: connections).run(
                    Bound(
                        requests: scale.pick(quick: 20_000, usual: 100_000),
                        seconds: scale.seconds * 2
                    ),
                    make: { number, _ in
                        request(first + number, Station.zone(of: first + number, createdIn: all))
                    },
                    check: { _, answer in answer.isNot(201) }
                ).checked()
                created += measured.requests
                report.add(
                    "Create, \(connections) connections",
                    measured,
                    atLeast: connections == 50 ? 7_000 : nil,
                    ofHello: connections == 32 ? 0.2 : nil
                )
            }
            try allThere(hub, created)
        }
    }

    /// One in sixteen of the entities created can be read, and is what was sent.
    private func allThere(_ hub: ServerProcess, _ created: Int) throws {
        var request = Station.retrieval()
        _ = try loop(hub, connections: 10).run(
            Bound(requests: created / 16, seconds: 30),
            make: { number, _ in request(number * 16) },
            check: { number, answer in Station.check(answer, is: number * 16, whole: true) }
        ).checked()
    }
}
