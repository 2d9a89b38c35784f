namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>
/// The narrow number formats from their definitions: a code's value by powers of two, and the code of a value by search among all codes,
/// with the midpoint between neighbours (a double exactly) as the border.
/// </summary>
internal sealed class NarrowOracle
{
    private readonly (double Value, int Code)[] _ordered;
    private readonly double _overflow;

    private NarrowOracle(int type, int exponentBits, int mantissaBits, int bias, Func<int, double?> special)
    {
        (Type, Width) = (type, 1 + exponentBits + mantissaBits);
        int codes = 1 << Width;
        Values = new double[codes];
        int signBit = codes >> 1;
        for (int code = 0; code < codes; code++)
        {
            int exponent = (code & (signBit - 1)) >> mantissaBits;
            double fraction = (code & ((1 << mantissaBits) - 1)) / Math.Pow(2, mantissaBits);
            double magnitude = exponent == 0 ? fraction * Math.Pow(2, 1 - bias) : (1 + fraction) * Math.Pow(2, exponent - bias);
            Values[code] = special(code) ?? ((code & signBit) != 0 ? -magnitude : magnitude);
        }
        _ordered = [.. Enumerable.Range(0, signBit).Where(c => double.IsFinite(Values[c])).Select(c => (Values[c], c)).OrderBy(x =>
            x.Item1)];
        double spacing = _ordered[^1].Value - _ordered[^2].Value;
        _overflow = _ordered[^1].Value + (spacing / 2);
    }

    /// <summary>All formats that have a sign, by their ONNX numbers.</summary>
    public static IReadOnlyList<NarrowOracle> All { get; } =
    [
        new(16, 8, 7, 127, c => (c & 0x7FFF) == 0x7F80 ? Signed(c, 0x8000, double.PositiveInfinity)
            : (c & 0x7FFF) > 0x7F80 ? double.NaN : null),
        new(17, 4, 3, 7, c => (c & 0x7F) == 0x7F ? double.NaN : null),
        new(18, 4, 3, 8, c => c == 0x80 ? double.NaN : null),
        new(19, 5, 2, 15, c => (c & 0x7F) == 0x7C ? Signed(c, 0x80, double.PositiveInfinity) : (c & 0x7F) > 0x7C ? double.NaN : null),
        new(20, 5, 2, 16, c => c == 0x80 ? double.NaN : null),
        new(23, 2, 1, 1, _ => null),
    ];

    public int Type { get; }

    public int Width { get; }

    /// <summary>The value of every code.</summary>
    public double[] Values { get; }

    /// <summary>Every finite number that is not negative, the midpoints between them, what lies beyond, and their neighbours.</summary>
    public IEnumerable<double> Borders()
    {
        for (int i = 0; i < _ordered.Length; i++)
        {
            double value = _ordered[i].Value;
            double middle = i + 1 < _ordered.Length ? (value + _ordered[i + 1].Value) / 2 : _overflow;
            foreach (double x in (double[])[value, middle])
                foreach (double near in (double[])[Math.BitDecrement(x), x, Math.BitIncrement(x)])
                    yield return near;
        }
        yield return 1e300;
        yield return double.Epsilon;
        yield return double.PositiveInfinity;
    }

    /// <summary>The code of a value as the tables of the operator Cast say; −1 where any NaN will do.</summary>
    public int Encode(double value, bool saturate)
    {
        int signBit = 1 << (Width - 1);
        bool negative = double.IsNegative(value);
        bool oneZero = Type is 18 or 20;
        if (double.IsNaN(value))
            return Type == 23 ? 8 : -1;
        double magnitude = Math.Abs(value);
        bool greatestIsEven = (_ordered[^1].Code & 1) == 0;
        if (magnitude > _overflow || (magnitude == _overflow && !greatestIsEven))
        {
            if (Type == 23 || (Type != 16 && saturate))
                return _ordered[^1].Code | (negative ? signBit : 0);
            return Type is 16 or 19 ? (_ordered[^1].Code + 1) | (negative ? signBit : 0) : -1;
        }
        int low = 0;
        int high = _ordered.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_ordered[middle].Value <= magnitude)
                low = middle;
            else
                high = middle - 1;
        }
        int code = _ordered[low].Code;
        if (low + 1 < _ordered.Length)
        {
            double border = (_ordered[low].Value + _ordered[low + 1].Value) / 2;
            if (magnitude > border || (magnitude == border && (code & 1) != 0))
                code = _ordered[low + 1].Code;
        }
        return code == 0 && oneZero ? 0 : code | (negative ? signBit : 0);
    }

    private static double Signed(int code, int signBit, double value) => (code & signBit) != 0 ? -value : value;
}
