/// A text that equals those alone that have the same bytes, as IRIs are compared (RFC 3987, clause 5.3.1).
///
/// `String` takes é in one character and in two to be the same; two identifiers that differ in this are two.
package struct ExactText: Sendable, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ExactText, b: ExactText) -> Bool {
        a.text.utf8.elementsEqual(b.text.utf8)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
