import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("4.3.6.5")) struct ConveyedInfoTests {
    private func pairs(_ info: [String: String], from request: [String: String]) -> [String: String]
    {
        let info = info.map { KeyValuePair(key: $0.key, value: $0.value) }
        let conveyed = ConveyedInfo(info) { request[$0.lowercased()] }
        return Dictionary(conveyed.pairs.map { ($0.key, $0.value) }) { first, _ in first }
    }

    @Test func `values are sent, or taken from the request`() {
        let sent = pairs(
            ["X-Key": "7", "X-User": "urn:ngsi-ld:request", "X-Missing": "urn:ngsi-ld:request"],
            from: ["x-user": "ana", "x-other": "no"]
        )
        #expect(sent == ["X-Key": "7", "X-User": "ana"])
    }

    /// Whoever gets a caller's credentials could act in its name.
    @Test(arguments: [
        "Authorization", "authorization", "AUTHORIZATION", "Cookie", "DPoP", "Signature",
        "Signature-Input", "X-Auth-Token", "Proxy-Authorization", "Client-Cert", "X-API-Key",
        "apikey",
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Client-Cert", "X-Real-IP", "X-Access-Token",
        "X-CSRF-Token", "X-Session-ID", "CF-Connecting-IP", "X-Amz-Security-Token", "Origin",
    ])
    func `no credential of the caller is passed on`(key: String) {
        #expect(pairs([key: "urn:ngsi-ld:request"], from: [key.lowercased(): "secret"]).isEmpty)
    }

    @Test func `credentials that the registration has are sent`() {
        #expect(pairs(["Authorization": "Bearer x"], from: [:]) == ["Authorization": "Bearer x"])
    }

    @Test func `what a request has of its own is not replaced`() {
        let own = [
            "Via", "Content-Length", "Host", "NGSILD-Tenant", "Link", "Accept", "Content-Type",
        ]
        for key in own { #expect(pairs([key: "x"], from: [:]).isEmpty, "\(key)") }
    }

    @Test func `some keys say how the request is to be made`() {
        let conveyed = ConveyedInfo([
            KeyValuePair(key: "accept", value: "application/ld+json"),
            KeyValuePair(key: "ngsildConformance", value: "1.5"),
            KeyValuePair(key: "jsonldContext", value: "http://c.example"),
        ]) { _ in nil }
        #expect(conveyed.accept == "application/ld+json")
        #expect(conveyed.version == "1.5")
        #expect(conveyed.pairs.isEmpty)
    }
}
