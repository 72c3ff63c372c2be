import Governance
import Testing

@testable import Outbound

@Suite struct AddressGuardTests {
    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "ff02::1", "2002:7f00:1::1",
        "2001:0:7f00:1::1", "not an address",
    ])
    func `addresses of this site alone are private`(ip: String) {
        #expect(!AddressGuard.isPublic(ip))
    }

    @Test(arguments: ["8.8.8.8", "172.32.0.1", "203.0.114.1", "2a00:1450:4001::1"])
    func `addresses of the Internet are public`(ip: String) {
        #expect(AddressGuard.isPublic(ip))
    }

    @Test(arguments: ["http://127.0.0.1:80/", "http://[::1]/x", "http://2130706433/"])
    func `a private address is not called unless allowed`(url: String) async throws {
        await #expect(throws: AddressError.self) {
            try await AddressGuard(allowsPrivate: false).target(of: url, for: Sharer(.anonymous))
        }
        let target = try await AddressGuard(allowsPrivate: true).target(
            of: url,
            for: Sharer(.anonymous)
        )
        #expect(target == AddressGuard.Target(url: url, host: nil))
    }

    @Test(arguments: [
        "http://127.0.0.1:80/", "http://[::1]/x", "https://2130706433/", "http://0x7f.1/",
        "http://LOCALHOST:8080/a", "https://city.localhost./", "mqtt://10.0.0.1/topic",
        "mqtts://user:password@[fe80::1]:8883/topic", "http://[::ffff:192.168.1.1]/",
    ])
    func `a numeric private address is refused, unless allowed`(
        uri: String
    ) {
        #expect(AddressGuard(allowsPrivate: false).refuses(uri))
        #expect(!AddressGuard(allowsPrivate: true).refuses(uri))
    }

    @Test(arguments: ["http://8.8.8.8/", "https://nobody.invalid/", "mqtt://[2a00:1450::1]/t"])
    func `a public address, and a name that must be looked up, are not refused`(uri: String) {
        #expect(!AddressGuard(allowsPrivate: false).refuses(uri))
    }

    @Test func `private and unknown names have the same message`() async throws {
        for host in ["127.0.0.1", "nobody.invalid"] {
            let error = await #expect(throws: AddressError.self) {
                try await AddressGuard(allowsPrivate: false).target(
                    of: "http://\(host)/",
                    for: Sharer(.anonymous)
                )
            }
            #expect(
                error?.detail
                    == "The host '\(host)' is not one of the public internet, and this hub "
                    + "calls no other (contexts.allowPrivateAddresses)."
            )
        }
    }

    @Test func `over http the request is bound to the address that was checked`() async throws {
        let target = try await AddressGuard(allowsPrivate: false).target(
            of: "http://8.8.8.8:81/a?b",
            for: Sharer(.anonymous)
        )
        #expect(target == AddressGuard.Target(url: "http://8.8.8.8:81/a?b", host: "8.8.8.8:81"))
    }

    @Test func `a URL is split into its parts`() {
        let url = WebURL("HTTP://Host.Example:8080/path?q#f")
        #expect(url?.scheme == "http")
        #expect(url?.host == "host.example")
        #expect(url?.port == 8_080)
        #expect(url?.rest == "/path?q")
        for wrong in ["ftp://a", "http://", "http://a:b/", "http://u@h/", "http://a:70000/", "x"] {
            #expect(WebURL(wrong) == nil)
        }
    }
}
