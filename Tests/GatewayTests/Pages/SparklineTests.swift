import Testing

@testable import Gateway

struct SparklineTests {
    @Test func `the line reaches from edge to edge and from zero to the top`() {
        let line = Sparkline([0, 5, 10])
        #expect(line.points == "0.0,34.0 80.0,18.0 160.0,2.0")
        #expect(line.top == 10)
        #expect(line.area == "0,36 0.0,34.0 80.0,18.0 160.0,2.0 160,36")
    }

    @Test func `fewer than two values make no line`() {
        #expect(Sparkline([]).points.isEmpty)
        #expect(Sparkline([3]).area.isEmpty)
    }

    @Test func `values that cannot be drawn stay at the bottom`() {
        #expect(Sparkline([.nan, -4, .infinity]).points == "0.0,34.0 80.0,34.0 160.0,34.0")
        #expect(Sparkline([0, 0]).points == "0.0,34.0 160.0,34.0")
    }
}
