import ContextModel
import Testing

@testable import Gateway

/// The form of the first run in which a source is made.
@Suite struct FirstSourceTests {
    private func definition(_ form: String) throws -> String {
        FirstSource(try QueryItems(urlQuery: form)).definition
    }

    @Test func `a broker and an address become definitions`() throws {
        let map = "map=type%3A+Lamp%0D%0Aattributes%3A%0D%0A++power%3A+%7Bcolumn%3A+power%7D"
        let broker = "name=lamps&way=mqtt&address=mqtt%3A%2F%2Fb%3A1883&topic=city%2F%2B&every=60"
        #expect(
            try definition("\(broker)&\(map)") == """
                mqtt: {broker: "mqtt://b:1883", topics: ["city/+"]}
                map:
                  type: Lamp
                  attributes:
                    power: {column: power}

                """
        )
        #expect(
            try definition("way=poll&address=https%3A%2F%2Fx.example&every=30&\(map)")
                .hasPrefix("poll: {url: \"https://x.example\", every: 30}\nmap:\n")
        )
    }

    /// What is written into a field stays the value of that field.
    @Test func `nothing written into a field adds to the definition`() throws {
        let text = try definition(
            "way=mqtt&address=x%22%7D%0Aparty%3A+operator&topic=%22&map=type%3A+A"
        )
        #expect(
            text == """
                mqtt: {broker: "x\\"}\\nparty: operator", topics: ["\\""]}
                map:
                  type: A

                """
        )
        let polled = try definition("way=poll&address=a&every=x%2C+y%3A+1&map=")
        #expect(polled.contains(#"every: "x, y: 1""#))
    }
}
