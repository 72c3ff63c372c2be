import Governance
import HTTPTypes
import Testing

@testable import Gateway

struct AbsenceViewTests {
    private let english: Translation
    init() throws { english = try Translations().all[0] }

    private func place(isForThisMachine: Bool = true) -> HubPlace {
        HubPlace(
            dataFolder: "/srv/city",
            host: "127.0.0.1",
            port: 0,
            isForThisMachine: isForThisMachine
        )
    }

    private func visit(
        _ host: String,
        _ fields: [String: String] = [:],
        isForThisMachine: Bool = true,
        as party: Party = .anonymous
    ) -> PageVisit {
        var head = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/")
        for (name, value) in fields { head.headerFields[.known(name)] = value }
        let place = place(isForThisMachine: isForThisMachine)
        var settings = PageSettings()
        settings.place = place
        return PageVisit(head, Caller(party: party), settings)
    }

    @Test(arguments: ["127.0.0.1:2000", "localhost:2000", "[::1]:2000"])
    func `a visitor on the machine sees the port and the folder`(host: String) throws {
        let closed = HubSummary(types: [], reach: .nothing)
        let view = try #require(AbsenceView(closed, visit(host), place(), in: english))
        let commands = try #require(view.hints).commands.map(\.command)
        #expect(commands.contains { $0.hasSuffix("--hub http://127.0.0.1:2000 --data /srv/city") })
        #expect(commands.contains("balai demo --port 2001"))
    }

    @Test(
        arguments: [
            ("data.city.example", [:], true), ("127.0.0.1.example:2000", [:], true),
            ("127.0.0.1:2000", ["X-Forwarded-For": "203.0.113.7"], true),
            ("127.0.0.1:2000", ["Via": "1.1 proxy"], true), ("127.0.0.1:2000", [:], false),
        ] as [(String, [String: String], Bool)]
    )
    func `others do not see where the data of a closed hub is`(
        host: String,
        fields: [String: String],
        isForThisMachine: Bool
    ) throws {
        let closed = HubSummary(types: [], reach: .nothing)
        let visit = visit(host, fields, isForThisMachine: isForThisMachine)
        let view = try #require(AbsenceView(closed, visit, place(), in: english))
        #expect(view.heading == "This hub is closed")
        #expect(view.hints == nil)
    }

    @Test func `the operator sees anywhere whether the hub is empty, and how to import data`()
        throws
    {
        let empty = HubSummary(types: [], isForOperator: true)
        let visit = visit("data.city.example", as: .operator)
        let view = try #require(AbsenceView(empty, visit, place(), in: english))
        #expect(view.text == "This hub is ready and empty.")
        #expect(view.hints?.commands.first?.command.hasPrefix("balai import gtfs") == true)
    }

    @Test func `the usual port needs no option, and a folder with a blank is one word`() {
        var place = place()
        place.port = 1_026
        place.dataFolder = "/srv/the city's"
        let hints = HintsView(place, PageVisit(), isClosed: false, in: english)
        let quoted = "'/srv/the city'\\''s'"
        #expect(hints.commands[0].command == "balai import gtfs timetable.zip --data \(quoted)")
    }

    @Test func `when there is data to show, there is no absence text`() {
        let type = TypeSummary(
            name: "Beach",
            count: 1,
            attributes: [],
            sources: [],
            newest: nil,
            isSimulated: false
        )
        #expect(AbsenceView(HubSummary(types: [type]), PageVisit(), place(), in: english) == nil)
    }
}
