import Broker
import Clauses
import ContextModel
import Testing

@testable import Gateway

@Suite(.clause("6.3.20")) struct QueryItemsTests {
    private let refused = BrokerError(.badRequestData, "")

    @Test func `names and values are decoded`() throws {
        let items = try QueryItems(urlQuery: "q=a%3D%3D%22b+c%22&type=Bus&count&empty=")
        #expect(items["q"] == "a==\"b c\"")
        #expect(items["type"] == "Bus")
        #expect(items["count"] == "")
        #expect(items["empty"] == "")
        #expect(items["other"] == nil)
        #expect(Set(items.names) == ["q", "type", "count", "empty"])
    }

    @Test func `a value may have an equals sign`() throws {
        #expect(try QueryItems(urlQuery: "q=a==1")["q"] == "a==1")
    }

    @Test func `an empty query has no parameters`() throws {
        #expect(try QueryItems(urlQuery: "").names.isEmpty)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%FF", "%80=1", "a=1&a=2"])
    func `a query with bad percent-encoding or a repeated parameter is refused`(query: String) {
        #expect(throws: refused) { try QueryItems(urlQuery: query) }
    }

    @Test(arguments: ["%CC%81", "\u{301}"])
    func `a run of combining marks has a limit`(mark: String) throws {
        let most = String(repeating: mark, count: CombiningMarks.maximumRun)
        #expect(try QueryItems(urlQuery: "\(most)=\(most)").names.count == 1)
        #expect(throws: refused) { try QueryItems(urlQuery: "a=\(most)\(mark)") }
        #expect(throws: refused) { try QueryItems(urlQuery: "\(most)\(mark)=1") }
    }

    @Test func `the number of parameters is limited`() throws {
        let many = (0..<QueryItems.maximumItems).map { "a\($0)=1" }.joined(separator: "&")
        #expect(try QueryItems(urlQuery: many).names.count == QueryItems.maximumItems)
        #expect(throws: refused) { try QueryItems(urlQuery: many + "&b=1") }
    }

    @Test func `a given text must not be empty`() throws {
        #expect(try QueryItems(["a": "b"]).text("a") == "b")
        #expect(try QueryItems().text("a") == nil)
        #expect(throws: refused) { try QueryItems(["a": ""]).text("a") }
    }

    @Test func `a list has no empty elements`() throws {
        #expect(try QueryItems(["a": "b,c"]).list("a") == ["b", "c"])
        #expect(try QueryItems().list("a") == nil)
        for text in ["", ",", "b,", ",b", "b,,c"] {
            #expect(throws: refused) { try QueryItems(["a": text]).list("a") }
        }
    }

    @Test func `a number is whole and not negative`() throws {
        #expect(try QueryItems(["a": "20"]).number("a") == 20)
        #expect(try QueryItems().number("a") == nil)
        for text in ["", "-1", "1.5", "x", "99999999999999999999"] {
            #expect(throws: refused) { try QueryItems(["a": text]).number("a") }
        }
    }

    @Test func `a flag is true, false or only present`() throws {
        for text in ["true", ""] { #expect(try QueryItems(["a": text]).flag("a")) }
        #expect(try !QueryItems(["a": "false"]).flag("a"))
        #expect(try !QueryItems().flag("a"))
        #expect(throws: refused) { try QueryItems(["a": "yes"]).flag("a") }
    }

    @Test func `a query written for a link reads back as it was`() throws {
        let items = QueryItems(["q": "a==\"ป่า + ตอง\"&b%", "type": "Bus,Tram", "ชื่อ": "1=2"])
        #expect(try QueryItems(urlQuery: items.urlQuery) == items)
    }

    @Test func `in a path a plus is a plus`() {
        #expect(QueryItems.decode("a+b%20c".utf8, plusIsBlank: false) == "a+b c")
        #expect(QueryItems.decode("a+b".utf8) == "a b")
    }

    @Test(.clause("6.3.20")) func `an option that the operation does not know is refused`() throws {
        let known = ["update", "replace"]
        #expect(try QueryItems(["options": "update"]).option("update", of: known))
        #expect(try !QueryItems(["options": "replace"]).option("update", of: known))
        #expect(try !QueryItems().option("update", of: known))
        #expect(throws: BrokerError(.invalidRequest, "")) {
            try QueryItems(["options": "update,noOverwrite"]).option("update", of: known)
        }
    }
}
