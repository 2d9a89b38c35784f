using System.Globalization;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Functions of strings: codes of the model's table and of the prediction's pool, compared with the strings that they stand for.
/// </summary>
internal static class TextCases
{
    private static readonly string[] Table = ["", "a", "B-c", " a  b "];

    // Those behind the table's get codes in the order in which the kernel meets them.
    private static readonly string[] Words = ["a", "x y", "", "B-c", "--", " a  b ", "É", "a"];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 160000;
        yield return Intern(seed++);
        foreach (bool upper in (bool[])[false, true])
            yield return Function("StringFunctions.ChangeCase", upper ? "capitals" : "small letters", seed++,
                (w, from, to) => StringFunctions.ChangeCase(w, from, to, Words.Length, upper ? 1 : 0),
                text => upper ? CultureInfo.InvariantCulture.TextInfo.ToUpper(text) : CultureInfo.InvariantCulture.TextInfo.ToLower(text));
        yield return Concat(seed++);
        yield return Written("float32", NumericType.Float32, [1.5f, -0f, 1e-5f, 123456789f, 0.0001f, float.NaN, float.NegativeInfinity],
            ["1.5", "-0", "9.9999997e-06", "1.2345679e+08", "9.9999997e-05", "NaN", "-INF"], seed++);
        yield return Written("float64", NumericType.Float64, [0.1, -1e17, 1e16, 100.0, double.PositiveInfinity],
            ["0.10000000000000001", "-1e+17", "10000000000000000", "100", "INF"], seed++);
        yield return Written("float16", NumericType.Float16, [(Half)0.5f, (Half)(-65504f)], ["0.5", "-65504"], seed++);
        yield return Written("uint64", NumericType.UInt64, [0UL, ulong.MaxValue], ["0", "18446744073709551615"], seed++);
        yield return Written("int64", NumericType.Int64, [long.MinValue, 7L], ["-9223372036854775808", "7"], seed++);
        yield return Written("uint32", NumericType.UInt32, [uint.MaxValue], ["4294967295"], seed++);
        yield return Written("int32", NumericType.Int32, [-5], ["-5"], seed++);
        yield return Written("uint16", NumericType.UInt16, [ushort.MaxValue], ["65535"], seed++);
        yield return Written("int16", NumericType.Int16, [(short)-300], ["-300"], seed++);
        yield return Written("int8", NumericType.Int8, [(sbyte)-128], ["-128"], seed++);
        yield return Written("uint8", NumericType.UInt8, [(byte)200], ["200"], seed++);
        yield return Written("bool", NumericType.Bool, [(byte)1, (byte)0], ["1", "0"], seed++);
        string[] texts = ["3.7", "-2", "1e3", "", "abc", "inf", "-INFINITY", " 12 ", "99999999999999999999", "NaN"];
        yield return Readings(texts, NumericType.Float32, [3.7f, -2f, 1000f, float.NaN, float.NaN, float.PositiveInfinity,
            float.NegativeInfinity, 12f, 1e20f, float.NaN], seed++);
        yield return Readings(texts, NumericType.Float64, [3.7, -2.0, 1000.0, double.NaN, double.NaN, double.PositiveInfinity,
            double.NegativeInfinity, 12.0, 1e20, double.NaN], seed++);
        yield return Readings(["0.5", "x"], NumericType.Float16, [(Half)0.5f, Half.NaN], seed++);
        yield return Readings<long>(
            texts, NumericType.Int64, [3L, -2, 1000, 0, 0, long.MaxValue, long.MinValue, 12, long.MaxValue, 0], seed++);
        yield return Readings<ulong>(texts, NumericType.UInt64, [3UL, 0, 1000, 0, 0, ulong.MaxValue, 0, 12, ulong.MaxValue, 0], seed++);
        yield return Readings(["-7", "4294967295"], NumericType.Int32, [-7, -1], seed++);
        yield return Readings(["4294967295"], NumericType.UInt32, [uint.MaxValue], seed++);
        yield return Readings(["-300"], NumericType.Int16, [(short)-300], seed++);
        yield return Readings(["65535"], NumericType.UInt16, [ushort.MaxValue], seed++);
        yield return Readings(["-128"], NumericType.Int8, [(sbyte)-128], seed++);
        yield return Readings(["200"], NumericType.UInt8, [(byte)200], seed++);
        yield return Readings(["2", "0", "no"], NumericType.Bool, [(byte)1, (byte)0, (byte)0], seed++);
        yield return Split("-", 3, seed++);
        yield return Split("", 2, seed++);
        yield return Split("", 4, seed++);
        yield return Match(@"\A(?:[a-z ]*)\z", t => t.All(c => c is (>= 'a' and <= 'z') or ' '), backtracks: false, seed++);
        yield return Match(@"\A(?:(?=a).*)\z", t => t.StartsWith('a'), backtracks: true, seed++);
    }

    private static Workspace With(Workspace w, IEnumerable<string> pooled)
    {
        var pool = new StringPool(new StringTable(Table));
        foreach (string text in pooled)
            pool.Code(text);
        w.Texts = pool;
        return w;
    }

    // The codes of strings, and of those that are met for the first time.
    private static int[] Codes(List<string> known, IEnumerable<string> texts) =>
    [
        .. texts.Select(t =>
        {
            if (!known.Contains(t))
                known.Add(t);
            return known.IndexOf(t);
        }),
    ];

    // What is written is given as it must be: NumberTextOperator's examples compare the reference's own code with the same.
    private static KernelCase Written<T>(string name, int type, T[] numbers, string[] texts, int seed)
        where T : unmanaged
    {
        var data = new CaseData(seed);
        byte[] bytes = MemoryMarshal.AsBytes<T>(numbers).ToArray();
        int at = data.ReserveWide(bytes.Length), to = data.ReserveWide(texts.Length * sizeof(int));
        for (int i = 0; i < bytes.Length; i++)
            data.Put(at + i, bytes[i]);
        return new KernelCase
        {
            Kernel = "StringNumbers.Format",
            Name = name,
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringNumbers.Format(With(w, []), at, to, texts.Length, type),
            Oracle = arena => MemoryMarshal.AsBytes<int>(Codes([.. Table], texts)).CopyTo(arena.AsSpan(to)),
        };
    }

    private static KernelCase Readings<T>(string[] texts, int type, T[] numbers, int seed)
        where T : unmanaged
    {
        var data = new CaseData(seed);
        List<string> known = [.. Table];
        int[] codes = Codes(known, texts);
        int at = data.ReserveWide(codes.Length * sizeof(int));
        for (int i = 0; i < codes.Length; i++)
            data.Put(at + (i * sizeof(int)), codes[i]);
        byte[] bytes = MemoryMarshal.AsBytes<T>(numbers).ToArray();
        int to = data.ReserveWide(bytes.Length);
        return new KernelCase
        {
            Kernel = "StringNumbers.Parse",
            Name = $"{typeof(T).Name} {texts.Length}",
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringNumbers.Parse(With(w, known.Skip(Table.Length)), at, to, texts.Length, type),
            Oracle = arena => bytes.CopyTo(arena, to),
        };
    }

    private static KernelCase Intern(int seed)
    {
        var data = new CaseData(seed);
        int to = data.ReserveWide((Words.Length + 1) * sizeof(int));
        string?[] given = [.. Words, null];
        return new KernelCase
        {
            Kernel = "StringIntern.Run",
            Name = "known, unknown and no strings",
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringIntern.Run(given!, With(w, []), to, given.Length),
            Oracle = arena => Write(arena, to, Codes([.. Table], [.. Words, ""])),
        };
    }

    private static KernelCase Function(string kernel, string name, int seed, Action<Workspace, int, int> run, Func<string, string> oracle)
    {
        var data = new CaseData(seed);
        List<string> known = [.. Table];
        int[] codes = Codes(known, Words);
        string[] pooled = [.. known.Skip(Table.Length)];
        int from = Put(data, codes), to = data.ReserveWide(codes.Length * sizeof(int));
        return new KernelCase
        {
            Kernel = kernel,
            Name = name,
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => run(With(w, pooled), from, to),
            Oracle = arena => Write(arena, to, Codes([.. known], Words.Select(oracle))),
        };
    }

    private static KernelCase Concat(int seed)
    {
        var data = new CaseData(seed);
        List<string> known = [.. Table];
        string[] a = ["a", "", "x"], b = ["B-c", "1"];
        int[] first = Codes(known, a), second = Codes(known, b);
        string[] pooled = [.. known.Skip(Table.Length)];
        int x = Put(data, first), z = Put(data, second), to = data.ReserveWide(a.Length * b.Length * sizeof(int));
        return new KernelCase
        {
            Kernel = "StringFunctions.Concat",
            Name = "3×1 and 2",
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringFunctions.Concat(With(w, pooled), x, z, to, [3, 2], [1, 0], [0, 1]),
            Oracle = arena => Write(arena, to, Codes([.. known], a.SelectMany(_ => b, (f, s) => f + s))),
        };
    }

    private static KernelCase Split(string delimiter, int parts, int seed)
    {
        var data = new CaseData(seed);
        List<string> known = [.. Table];
        int[] codes = Codes(known, Words);
        string[] pooled = [.. known.Skip(Table.Length)];
        int from = Put(data, codes), to = data.ReserveWide(codes.Length * parts * sizeof(int));
        int lengths = data.ReserveWide(codes.Length * sizeof(long));
        int mark = data.AddWeights(MemoryMarshal.AsBytes((delimiter + " ").AsSpan()));
        return new KernelCase
        {
            Kernel = "StringSplit.Run",
            Name = $"at '{delimiter}', {parts} parts",
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringSplit.Run(With(w, pooled), from, to, lengths, codes.Length, parts, mark, delimiter.Length),
            Oracle = arena =>
            {
                List<string> all = [.. known];
                for (int i = 0; i < Words.Length; i++)
                {
                    string[] found = delimiter.Length > 0 ? Words[i].Split(delimiter, parts) : Pieces(Words[i], parts);
                    Write(arena, to + (i * parts * sizeof(int)),
                        [.. Codes(all, found), .. Enumerable.Repeat(0, parts - found.Length)]);
                    MemoryMarshal.Write(arena.AsSpan(lengths + (i * sizeof(long))), (long)found.Length);
                }
            },
        };
    }

    private static string[] Pieces(string text, int most)
    {
        string[] all = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (all.Length < most)
            return all;
        // The last one reaches from its first character to the end.
        string rest = text;
        for (int i = 0; i < most - 1; i++)
            rest = rest.TrimStart()[all[i].Length..];
        return [.. all.Take(most - 1), rest.TrimStart()];
    }

    private static KernelCase Match(string pattern, Func<string, bool> oracle, bool backtracks, int seed)
    {
        var data = new CaseData(seed);
        List<string> known = [.. Table];
        int[] codes = Codes(known, Words);
        string[] pooled = [.. known.Skip(Table.Length)];
        int from = Put(data, codes), to = data.ReserveWide(codes.Length);
        int place = data.AddWeights(MemoryMarshal.AsBytes(pattern.AsSpan()));
        return new KernelCase
        {
            Kernel = "StringMatch.Full",
            Name = pattern,
            Arena = data.Arena,
            Weights = data.Weights,
            MakesStrings = true,
            Run = w => StringMatch.Full(With(w, pooled), from, to, codes.Length, place, pattern.Length, backtracks ? 1 : 0),
            Oracle = arena =>
            {
                for (int i = 0; i < Words.Length; i++)
                    arena[to + i] = oracle(Words[i]) ? (byte)1 : (byte)0;
            },
        };
    }

    private static int Put(CaseData data, int[] codes)
    {
        int place = data.ReserveWide(codes.Length * sizeof(int));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(codes.AsSpan());
        for (int i = 0; i < bytes.Length; i++)
            data.Put(place + i, bytes[i]);
        return place;
    }

    private static void Write(byte[] arena, int place, int[] codes) =>
        MemoryMarshal.AsBytes(codes.AsSpan()).CopyTo(arena.AsSpan(place));
}
