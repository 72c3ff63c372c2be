import ContextModel
import Testing

@testable import Collect

/// JSONPath clause by clause of RFC 9535, with documents of our own.
@Suite struct JSONPathClauseTests {
    /// The values that the query selects in the document, as JSON; `invalid` for a query that is none.
    private func select(_ path: String, in text: String) throws -> String {
        guard let path = try? JSONPath(path) else { return "invalid" }
        let values = try path.values(in: JSONReader.read(text))
        return String(decoding: JSONValue.array(values).serialized, as: UTF8.self)
    }

    private func check(_ cases: [(String, String)], in text: String) throws {
        for (path, expected) in cases { #expect(try select(path, in: text) == expected, "\(path)") }
    }

    @Test
    func `clauses 2.1.1 and 2.2: a query begins at the root, with blanks before segments alone`()
        throws
    {
        try check(
            [
                ("$", "[7]"), ("$ ", "invalid"), (" $", "invalid"), ("$\n", "invalid"),
                ("@", "invalid"),
                ("", "invalid"), ("$$", "invalid"), ("$.a", "[]"),
            ],
            in: "7"
        )
        try check(
            [
                ("$ .a", "[[1]]"), ("$\t.a\n[0]", "[1]"), ("$.a\r[0]", "[1]"), ("$. a", "invalid"),
                ("$.\na", "invalid"), ("$..\ta", "invalid"), ("$.a [ 0 ]", "[1]"),
                ("$.a[0] ", "invalid"),
                ("$.a\u{A0}[0]", "[]"), ("$.a\u{B}[0]", "invalid"), ("$a", "invalid"),
                ("$.a.", "invalid"),
            ],
            in: #"{"a": [1]}"#
        )
    }

    @Test func `clause 2.3.1: names in quotes with escapes, and short names`() throws {
        let names = #"""
            {"a b": 1, "k.k": {"x": 2}, "'": 3, "\"": 4, "": 5, "\\": 6, "/": 7, "\u0001": 8, "\t": 9,
             "é": 10, "😀": 11, "_1": 12, "1a": 13, "null": 14, "$": 15, "-": 16, "ก": 17}
            """#
        try check(
            [
                ("$['a b']", "[1]"), ("$[\"a b\"]", "[1]"), ("$['k.k'].x", "[2]"),
                ("$['k.k']['x']", "[2]"),
                ("$[\"'\"]", "[3]"), (#"$['\'']"#, "[3]"), (#"$['"']"#, "[4]"),
                (#"$["\""]"#, "[4]"),
                (#"$['\"']"#, "invalid"), (#"$["\'"]"#, "invalid"), ("$['']", "[5]"),
                (#"$['\\']"#, "[6]"),
                (#"$['\/']"#, "[7]"), ("$['/']", "[7]"), (#"$['\u0001']"#, "[8]"),
                ("$['\u{1}']", "invalid"),
                (#"$['\t']"#, "[9]"), ("$['\t']", "invalid"), (#"$['\u00E9']"#, "[10]"),
                (#"$['\u00e9']"#, "[10]"), (#"$['\uD83D\uDE00']"#, "[11]"), ("$.😀", "[11]"),
                (#"$['\uD83D']"#, "invalid"), (#"$['\uDE00\uD83D']"#, "invalid"),
                (#"$['\uD83Dx']"#, "invalid"),
                (#"$['\u00e']"#, "invalid"), (#"$['\U00e9']"#, "invalid"), (#"$['\a']"#, "invalid"),
                (#"$['\0']"#, "invalid"), ("$._1", "[12]"), ("$.1a", "invalid"),
                ("$['1a']", "[13]"),
                ("$.null", "[14]"), ("$['null']", "[14]"), ("$['$']", "[15]"), ("$.$", "invalid"),
                ("$.-", "invalid"), ("$.'a b'", "invalid"), ("$.\"k\"", "invalid"), ("$.ก", "[17]"),
                ("$['a b", "invalid"), ("$[a b]", "invalid"), ("$['A B']", "[]"),
            ],
            in: names
        )
        // A name selects nothing from a list, nor from a plain value.
        try check([("$['0']", "[]"), ("$.length", "[]"), ("$[0].x", "[]")], in: #"[1, "x"]"#)
    }

    @Test func `clause 2.3.2: a wildcard selects all children`() throws {
        try check(
            [
                ("$.*", "[1,[2,3],null]"), ("$[*]", "[1,[2,3],null]"), ("$.b[*]", "[2,3]"),
                ("$.a.*", "[]"),
                ("$.c.*", "[]"), ("$.b[*, *]", "[2,3,2,3]"), ("$**", "invalid"), ("$.*.*", "[2,3]"),
                ("$.* .*", "[2,3]"), ("$.*a", "invalid"), ("$[**]", "invalid"),
            ],
            in: #"{"a": 1, "b": [2, 3], "c": null}"#
        )
    }

    @Test func `clause 2.3.3: an index counts from the beginning or from the end`() throws {
        try check(
            [
                ("$[0]", #"["a"]"#), ("$[2]", #"["c"]"#), ("$[3]", "[]"), ("$[-1]", #"["c"]"#),
                ("$[-3]", #"["a"]"#), ("$[-4]", "[]"), ("$[-0]", "invalid"), ("$[00]", "invalid"),
                ("$[01]", "invalid"), ("$[+1]", "invalid"), ("$[1.0]", "invalid"),
                ("$[1e0]", "invalid"),
                ("$[9007199254740991]", "[]"), ("$[-9007199254740991]", "[]"),
                ("$[9007199254740992]", "invalid"), ("$[-9007199254740992]", "invalid"),
                (
                    "$[231584178474632390847141970017375815706539969331281128078915168015826259279872]",
                    "invalid"
                ),
                ("$[- 1]", "invalid"), ("$[]", "invalid"), ("$[0]]", "invalid"),
            ],
            in: #"["a", "b", "c"]"#
        )
        try check([("$[0]", "[]"), ("$[-1]", "[]")], in: #"{"0": 1}"#)
    }

    @Test func `clause 2.3.4: slices have defaults by their step, and bounds that are cut`() throws
    {
        try check(
            [
                ("$[1:3]", "[1,2]"), ("$[5:]", "[5,6]"), ("$[1:5:2]", "[1,3]"),
                ("$[5:1:-2]", "[5,3]"),
                ("$[::-1]", "[6,5,4,3,2,1,0]"), ("$[:]", "[0,1,2,3,4,5,6]"),
                ("$[::]", "[0,1,2,3,4,5,6]"),
                ("$[:2]", "[0,1]"), ("$[:-5]", "[0,1]"), ("$[-2:]", "[5,6]"), ("$[-3:-1]", "[4,5]"),
                ("$[2::-1]", "[2,1,0]"), ("$[:2:-1]", "[6,5,4,3]"), ("$[::3]", "[0,3,6]"),
                ("$[3:3]", "[]"), ("$[4:2]", "[]"), ("$[2:4:-1]", "[]"), ("$[0:7:0]", "[]"),
                ("$[::0]", "[]"),
                ("$[-100:2]", "[0,1]"), ("$[5:100]", "[5,6]"), ("$[100:]", "[]"),
                ("$[100::-3]", "[6,3,0]"),
                ("$[:-100:-4]", "[6,2]"), ("$[::9007199254740991]", "[0]"),
                ("$[::-9007199254740991]", "[6]"),
                ("$[-9007199254740991:9007199254740991]", "[0,1,2,3,4,5,6]"),
                ("$[9007199254740992:]", "invalid"), ("$[ 1 : 3 : 1 ]", "[1,2]"),
                ("$[1:3:]", "[1,2]"),
                ("$[1:2:3:4]", "invalid"), ("$[1:01]", "invalid"), ("$[::-0]", "invalid"),
                ("$[1:a]", "invalid"), ("$['a':]", "invalid"),
            ],
            in: "[0, 1, 2, 3, 4, 5, 6]"
        )
        try check([("$[:]", "[]"), ("$[::-1]", "[]")], in: #"{"a": 1}"#)
        try check([("$[:]", "[]"), ("$[::-1]", "[]")], in: "[]")
    }

    private static let things = #"""
        [{"k": "a", "n": 1, "t": [1]}, {"k": "b", "n": null}, {"k": "c"}, {"k": "d", "n": false, "t": []},
         {"k": "e", "n": {"x": 1}}, {"k": "f", "n": "1", "t": {"x": 1}}, {"k": "g", "n": [1, 2]}]
        """#

    /// The keys of the things that the filter selects.
    private func keys(_ filter: String) throws -> String {
        let found = try select("$[?\(filter)].k", in: Self.things)
        guard found != "invalid" else { return found }
        return found.filter(\.isLetter)
    }

    @Test func `clause 2.3.5: filters test whether there is something, and combine tests`() throws {
        let cases = [
            // A value that is null, false or empty is there.
            ("@.n", "abdefg"), ("!@.n", "c"), ("@.t", "adf"), ("@.t.*", "af"), ("@.t[0]", "a"),
            ("@['n','t']", "abdefg"), ("@..x", "ef"), ("$[0].t", "abcdefg"), ("$[99]", ""),
            ("@", "abcdefg"),
            ("@.n && @.t", "adf"), ("@.n || @.t", "abdefg"), ("!@.n || @.t", "acdf"),
            ("!(@.n && @.t)", "bceg"),
            // `&&` binds before `||`.
            ("@.k == 'c' || @.n && @.t", "acdf"), ("(@.k == 'c' || @.n) && @.t", "adf"),
            ("!@.t && !@.n", "c"), ("!(!@.n)", "abdefg"), ("!!@.n", "invalid"),
            ("@.n == 1 == 1", "invalid"),
            ("((@.n))", "abdefg"), ("( @.n\n&&\t@.t )", "adf"), ("@.n & @.t", "invalid"),
            ("@.n and @.t", "invalid"),
            ("not @.n", "invalid"), ("@.n &&", "invalid"), ("(@.n", "invalid"), ("@.n)", "invalid"),
            ("true", "invalid"), ("!true", "invalid"), ("'a'", "invalid"), ("1", "invalid"),
            ("null", "invalid"),
            ("@.n || true", "invalid"), ("?@.n", "invalid"), ("@.t[?@ == 1]", "af"),
            ("@.n[?@ > $[0].n]", "g"),
        ]
        for (filter, expected) in cases { #expect(try keys(filter) == expected, "\(filter)") }
    }

    @Test
    func `clause 2.3.5.2.2: values are compared by their kinds, and Nothing with Nothing alone`()
        throws
    {
        let cases = [
            ("@.n == 1", "a"), ("@.n == 1.0", "a"), ("@.n == 1e0", "a"), ("@.n == '1'", "f"),
            ("@.n == null", "b"), ("@.n == false", "d"), ("@.n == true", ""),
            ("@.n == @.n", "abcdefg"),
            ("@.n != 1", "bcdefg"), ("1 == @.n", "a"), ("@.n == @.missing", "c"),
            ("@.n != @.missing", "abdefg"),
            ("@.x == @.y", "abcdefg"), ("@.n == $[4].n", "e"), ("@.n == $[6].n", "g"),
            ("@.t == $[3].t", "d"),
            ("@.n < 2", "a"), ("@.n <= 1", "a"), ("@.n > 0", "a"), ("@.n >= 1", "a"),
            ("@.n < '2'", "f"),
            // What cannot be ordered is equal, or nothing holds.
            ("@.n <= null", "b"), ("@.n >= null", "b"), ("@.n < null", ""), ("@.n >= false", "d"),
            ("@.n <= $[4].n", "e"), ("@.n < $[6].n", ""), ("@.n <= @.missing", "c"),
            ("@.n < @.missing", ""),
            ("@.k < 'b'", "a"), ("@.k >= 'f'", "fg"), ("'c' > @.k", "ab"), ("@.n == -0", ""),
            ("-1 < @.n", "a"),
            ("@.n == 01", "invalid"), ("@.n == 1.", "invalid"), ("@.n == .1", "invalid"),
            ("@.n == +1", "invalid"),
            ("@.n == 1e", "invalid"), ("@.n == 0x1", "invalid"), ("@.n == True", "invalid"),
            ("@.n == nil", "invalid"), ("@.n === 1", "invalid"), ("@.n = 1", "invalid"),
            ("@.n <> 1", "invalid"),
            ("@.n == [1]", "invalid"), ("@.n == {}", "invalid"), ("@.n == (1)", "invalid"),
            ("@.* == 1", "invalid"), ("@..n == 1", "invalid"), ("@[0,1] == 1", "invalid"),
            ("@[0:1] == 1", "invalid"),
            ("@[?@] == 1", "invalid"), ("@['n'] == 1", "a"), ("@.n[0] == 1", "g"), ("@ == 1", ""),
            ("'a' == 'a'", "abcdefg"), ("1 == 2", ""), (#"@.k == "\u0061""#, "a"),
        ]
        for (filter, expected) in cases { #expect(try keys(filter) == expected, "\(filter)") }
        try check(
            [
                ("$[?@ == -0]", "[0,-0]"), ("$[?@ == 100]", "[100,1e2]"), ("$[?@ < 0]", "[-5]"),
                ("$[?@ == 0.0]", "[0,-0]"),
            ],
            in: "[0, -0, 100, 1e2, -5, \"0\"]"
        )
        // Members in another order are the same object, and a part of one is another.
        let objects =
            #"[{"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"a": 1}, {"a": 1, "b": [2], "c": 3}]"#
        try check([("$[?@ == $[1]].a", "[1,1]"), ("$[?@ != $[1]].a", "[1,1]")], in: objects)
    }

    @Test func `clause 2.4.3: functions take and give what their types say`() throws {
        let cases = [
            ("length(@.n)", "invalid"), ("length(@.t) == 1", "af"), ("length(@.*) == 1", "invalid"),
            ("length('ab') == 2", "abcdefg"), ("length(1) == 1", ""),
            ("length(@.k, 1) == 1", "invalid"),
            ("length() == 1", "invalid"), ("count(@.*) == 2", "beg"),
            ("count(@.k) == 1", "abcdefg"),
            ("count(@['k','k']) == 2", "abcdefg"), ("count(1) == 1", "invalid"),
            ("count('a') == 1", "invalid"),
            ("count(@.*)", "invalid"), ("count(length(@.k)) == 1", "invalid"),
            ("length(value(@..x)) == 1", ""),
            ("value(@.t[*]) == 1", "af"), ("value(@.n) == 1", "a"),
            ("value(@..nothing) == @.nothing", "abcdefg"),
            ("value(@.k)", "invalid"), ("value(1) == 1", "invalid"), ("match(@.k, '[a-c]')", "abc"),
            ("!match(@.k, '[a-c]')", "defg"), ("match(@.n, '1')", "f"),
            ("match(@.*, 'a')", "invalid"),
            ("match(@.k) ", "invalid"), ("match(@.k, 'a', 'b')", "invalid"),
            ("match(@.k, 'a') == true", "invalid"),
            ("match(@.k, 1)", ""), ("match(@.k, @.k)", "abcdefg"), ("match(value(@.k), 'a')", "a"),
            ("match('a', 'a')", "abcdefg"), ("search(@.k, '')", "abcdefg"),
            ("search(@.n, '1')", "f"),
            ("search(@.k, '(')", ""), ("length(match(@.k, 'a')) == 1", "invalid"),
            ("Length(@.k) == 1", "invalid"),
            ("other(@.k)", "invalid"), ("count (@.*) == 2", "invalid"),
            ("count( @.* ) == 2", "beg"),
            ("match( @.k , 'a' )", "a"), ("count(@.t[?@ == 1]) == 1", "af"),
            ("length(@.k) < count(@.*)", "abdefg"),
        ]
        for (filter, expected) in cases { #expect(try keys(filter) == expected, "\(filter)") }
    }

    @Test func `clauses 2.4.4 to 2.4.8: functions count characters, children and nodes`() throws {
        try check(
            [
                ("$[?length(@) == 2]", #"["รถ",[1,2],{"a":1,"b":2}]"#),
                ("$[?length(@) == 1]", #"["😀"]"#),
                ("$[?length(@) == 0]", #"["",[],{}]"#),
                ("$[?length(@) == $.nothing]", "[7,null,true]"),
                ("$[?match(@, '.')]", #"["😀"]"#), ("$[?search(@, '^$')]", #"[""]"#),
                ("$[?match(@, '[^a-z]+')]", #"["รถ","😀"]"#),
                (#"$[?match(@, '\\p{L}+')]"#, #"["รถ"]"#),
                ("$[?search(@, '[๐-๙]|ถ$')]", #"["รถ"]"#),
            ],
            in: #"["รถ", "😀", "", [1, 2], [], {"a": 1, "b": 2}, {}, 7, null, true]"#
        )
    }

    @Test func `clause 2.5.1: children by several selectors keep their order and repeat`() throws {
        try check(
            [
                ("$['b', 'a']", "[[10,11,12],1]"), ("$['a','a']", "[1,1]"),
                ("$.b[2, 0]", "[12,10]"),
                ("$.b[0:2, 1]", "[10,11,11]"), ("$.b[?@ > 10, 0]", "[11,12,10]"),
                ("$[*, 'a']", "[1,[10,11,12],1]"),
                ("$['a', 0]", "[1]"), ("$.b[0,]", "invalid"), ("$.b[,0]", "invalid"),
                ("$.b[0 1]", "invalid"),
                ("$[ 'a' , 'b' ]", "[1,[10,11,12]]"), ("$.b[-1, -1]", "[12,12]"),
            ],
            in: #"{"a": 1, "b": [10, 11, 12]}"#
        )
    }

    @Test func `clause 2.5.2: descendants begin with the value itself, parents before children`()
        throws
    {
        let tree = #"{"a": {"a": 1, "b": [{"a": 2}, [3]]}, "c": null}"#
        try check(
            [
                ("$..a", #"[{"a":1,"b":[{"a":2},[3]]},1,2]"#), ("$..[0]", #"[{"a":2},3]"#),
                ("$..['a','c']", #"[{"a":1,"b":[{"a":2},[3]]},null,1,2]"#),
                ("$..[?@.a == 2]", #"[{"a":2}]"#),
                ("$.a..a", "[1,2]"), ("$..b..a", "[2]"), ("$..*[0]", #"[{"a":2},3]"#),
                ("$..b[1:]", "[[3]]"),
                ("$..", "invalid"), ("$...a", "invalid"), ("$..[]", "invalid"),
                ("$..'a'", "invalid"),
                ("$..d", "[]"), ("$.c..*", "[]"),
            ],
            in: tree
        )
        let values = try JSONPath("$..*").values(in: JSONReader.read(tree))
        #expect(values.count == 8)
    }

    @Test func `clause 2.6: null is a value like others`() throws {
        let nulls = #"{"a": null, "b": [null], "c": [{}], "null": 1}"#
        try check(
            [
                ("$.a", "[null]"), ("$.a[0]", "[]"), ("$.a.d", "[]"), ("$.b[0]", "[null]"),
                ("$.b[*]", "[null]"),
                ("$.b[?@]", "[null]"), ("$.b[?@ == null]", "[null]"), ("$.c[?@.d == null]", "[]"),
                ("$.null", "[1]"), ("$.b[?@ != null]", "[]"),
            ],
            in: nulls
        )
    }
}
