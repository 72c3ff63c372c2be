import Clauses
import ContextModel
import Testing

@Suite(.clause("5.2.15", "5.2.22")) struct WebEndpointTests {
    @Test(arguments: ["http://r.example/", "https://r.example:8443/x?y", "http://[::1]:80"])
    func `a valid address has no problem`(uri: String) {
        #expect(WebEndpoint.problem(ofAddress: uri, at: "endpoint") == nil)
    }

    @Test(arguments: ["mqtt://r.example/t", "http:r", "http://", "http:///x", "urn:x:1"])
    func `an address that is not of the web cannot be called`(uri: String) {
        let problem = "'endpoint' is an http or https address, not '\(uri)'."
        #expect(WebEndpoint.problem(ofAddress: uri, at: "endpoint") == problem)
    }

    @Test func `an address must not have a password`() {
        let problem = WebEndpoint.problem(ofAddress: "http://a:b@r.example/", at: "endpoint")
        #expect(problem == "'endpoint' must not have a password; send it in a header.")
        #expect(WebEndpoint.problem(ofAddress: "http://r.example/@x", at: "endpoint") == nil)
    }

    private func problem(_ key: String, _ value: String = "v") -> String? {
        WebEndpoint.problem(ofPairs: [KeyValuePair(key: key, value: value)], at: "info")
    }

    @Test(arguments: ["Host", "content-TYPE", "a b", "a:b", "é", "Expect"])
    func `headers of the connection, and invalid headers, are refused`(key: String) {
        #expect(problem(key) == "'info' cannot set the header '\(key)'.")
    }

    @Test func `a value cannot begin another line`() {
        #expect(problem("X-Case", "4\r\n2") != nil)
        #expect(problem("X-Case", "4\t2 é") == nil)
    }

    @Test(.clause("6.3.6")) func `a receiver may want the context outside the body`() {
        func prefers(_ key: String, _ value: String) -> Bool {
            WebEndpoint.prefersContextOutside([KeyValuePair(key: key, value: value)])
        }
        #expect(prefers("PREFER", "wait=5, body=json"))
        #expect(!prefers("Prefer", "body=ld") && !prefers("Preference", "body=json"))
    }
}
