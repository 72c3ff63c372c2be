import Testing

@testable import Gateway

struct PageSettingsTests {
    private func policy(_ tileURL: String?) -> String {
        var settings = PageSettings()
        settings.tileURL = tileURL
        return settings.contentSecurityPolicy
    }

    @Test func `without tiles pages may call nothing but the hub`() {
        #expect(policy(nil).hasPrefix("default-src 'self'; img-src 'self' data:; "))
        #expect(!policy(nil).contains("http"))
        #expect(!policy(nil).contains("unsafe"))
    }

    @Test func `tiles add their origin for images alone`() {
        let text = policy("https://tiles.example.org:8080/a/{z}/{x}/{y}.png?key=1")
        #expect(text.contains("img-src 'self' data: https://tiles.example.org:8080;"))
    }

    @Test(arguments: [
        "https://evil; script-src *", "javascript://x/", "//tiles.example.org/", "tiles", "",
        "https:///", "https://a b/", "https://a'/",
    ])
    func `an invalid address adds nothing`(tileURL: String) {
        #expect(policy(tileURL) == policy(nil))
    }
}
