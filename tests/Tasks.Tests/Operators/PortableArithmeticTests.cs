using System.Numerics;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators;

/// <summary>
/// The build's floating-point arithmetic gives the same bits on every machine: sums have one order, functions are made of operations
/// that every processor rounds alike.
/// </summary>
public class PortableArithmeticTests
{
    // Exact, or rounded as IEEE 754 says, whatever the machine.
    private static readonly string[] Exact =
    [
        "Abs", "Add", "BigMul", "BitDecrement", "BitIncrement", "Ceiling", "Clamp", "CopySign", "DivRem", "Divide", "Floor",
        "FusedMultiplyAdd", "ILogB", "Max", "Min", "Multiply", "Negate", "Round", "ScaleB", "Sign", "Sqrt", "Subtract", "Truncate",
    ];

    /// <summary>The library's own functions come from the C library or depend on the width of vectors; so none is called.</summary>
    [Fact]
    public void OnlyExactFunctionsOfTheRuntimeAreCalled()
    {
        using var image = new PEReader(File.OpenRead(typeof(LaneSums).Assembly.Location));
        MetadataReader metadata = image.GetMetadataReader();
        var called = new SortedSet<string>(StringComparer.Ordinal);
        foreach (MemberReference member in metadata.MemberReferences.Select(metadata.GetMemberReference))
        {
            if (member.Parent.Kind != HandleKind.TypeReference)
                continue;
            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            if (metadata.GetString(type.Name) is "Math" or "MathF" or "TensorPrimitives")
                called.Add(metadata.GetString(member.Name));
        }
        Assert.Contains("FusedMultiplyAdd", called);
        Assert.Empty(called.Except(Exact));
        string[] interfaces = [.. metadata.TypeReferences.Select(t => metadata.GetString(metadata.GetTypeReference(t).Name))];
        Assert.DoesNotContain(interfaces, t => t.EndsWith("Functions`1", StringComparison.Ordinal));
    }

    [Fact]
    public void SumsHaveOneOrder()
    {
        var random = new Random(1);
        for (int length = 0; length < 300; length++)
        {
            float[] a = [.. Enumerable.Range(0, length).Select(_ => (float)random.NextDouble() - 0.5f)];
            float[] b = [.. Enumerable.Range(0, length).Select(_ => (float)random.NextDouble() - 0.5f)];
            double[] d = [.. a.Select(x => x / 3.0)];
            float[] products = [.. a.Zip(b, (x, y) => x * y)];
            Assert.Equal(InLanes(a, 8, 0f, (x, y) => x + y), LaneSums.Sum<float>(a));
            Assert.Equal(InLanes(products, 8, 0f, (x, y) => x + y), LaneSums.Dot(a, b));
            Assert.Equal(InLanes(a, 8, 1f, (x, y) => x * y), LaneSums.Product<float>(a));
            Assert.Equal(InLanes(d, 4, 0.0, (x, y) => x + y), LaneSums.Sum<double>(d));
        }
        Assert.Equal(unchecked((byte)(200 + 100)), LaneSums.Sum<byte>([200, 100]));
        Assert.Equal(1, LaneSums.Product<long>([]));
    }

    // The order that LaneSums documents, element by element.
    private static T InLanes<T>(T[] row, int count, T identity, Func<T, T, T> step)
        where T : INumber<T>
    {
        if (row.Length < count / 2)
            return row.Reverse().Aggregate(identity, step);
        int lanes = row.Length < count ? count / 2 : count;
        T[] sums = row[..lanes];
        int whole = row.Length / lanes * lanes, rest = row.Length - whole;
        for (int i = lanes; i < whole; i++)
            sums[i % lanes] = step(sums[i % lanes], row[i]);
        for (int i = 0; i < rest; i++)
            sums[lanes - rest + i] = step(sums[lanes - rest + i], row[whole + i]);
        for (int left = lanes; left > 1; left /= 2)
            for (int i = 0; i < left / 2; i++)
                sums[i] = step(sums[2 * i], sums[(2 * i) + 1]);
        return sums[0];
    }

    [Fact]
    public void FunctionsAreAsExactAsTheLibrarys()
    {
        var random = new Random(2);
        AssertClose(ElementaryFunctions.Exp, Math.Exp, 1.5, () => (random.NextDouble() * 1480) - 750);
        AssertClose(ElementaryFunctions.Log, Math.Log, 1.5, () => Math.Exp((random.NextDouble() * 1400) - 700));
        AssertClose(ElementaryFunctions.Log, Math.Log, 1.5, () => 0.5 + random.NextDouble());
        AssertClose(ElementaryFunctions.Log2, Math.Log2, 3, () => 1 + random.NextDouble());
        AssertClose(ElementaryFunctions.Log10, Math.Log10, 4, () => Math.Exp((random.NextDouble() * 100) - 50));
        AssertClose(ElementaryFunctions.Tanh, Math.Tanh, 5, () => (random.NextDouble() - 0.5) * Math.Exp(3 - random.Next(40)));
        AssertClose(ElementaryFunctions.Sin, Math.Sin, 1.5, () => (random.NextDouble() - 0.5) * Math.Exp(random.Next(700)));
        AssertClose(ElementaryFunctions.Cos, Math.Cos, 1.5, () => (random.NextDouble() - 0.5) * Math.Exp(random.Next(700)));
        for (int i = 0; i < 20_000; i++)
        {
            double y = (random.NextDouble() - 0.5) * 60;
            AssertClose(x => ElementaryFunctions.Pow(x, y), x => Math.Pow(x, y), 1.5, () => random.NextDouble() * 1000, 1);
        }
    }

    [Fact]
    public void FunctionsHaveTheSpecialValuesOfIeee754()
    {
        double[] values =
        [
            0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue,
            double.MinValue, double.Epsilon, -double.Epsilon, 1e-310, 9007199254740991, 9007199254740994,
        ];
        foreach (double x in values)
        {
            AssertClose(ElementaryFunctions.Exp, Math.Exp, 1.5, () => x, 1);
            AssertClose(ElementaryFunctions.Log, Math.Log, 1.5, () => x, 1);
            AssertClose(ElementaryFunctions.Tanh, Math.Tanh, 5, () => x, 1);
            AssertClose(ElementaryFunctions.Sin, Math.Sin, 1.5, () => x, 1);
            AssertClose(ElementaryFunctions.Cos, Math.Cos, 1.5, () => x, 1);
            foreach (double y in values)
                AssertClose(b => ElementaryFunctions.Pow(b, y), b => Math.Pow(b, y), 1.5, () => x, 1);
        }
    }

    private static void AssertClose(
        Func<double, double> own, Func<double, double> other, double units, Func<double> draw, int times = 20_000)
    {
        for (int i = 0; i < times; i++)
        {
            double x = draw(), actual = own(x), expected = other(x);
            if (actual.Equals(expected))
            {
                Assert.True(double.IsNaN(actual) || double.IsNegative(expected) == double.IsNegative(actual), $"f({x:R})");
                continue;
            }
            double unit = Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected);
            Assert.True(Math.Abs(actual - expected) <= units * unit, $"f({x:R}) is {actual:R} instead of {expected:R}");
        }
    }
}
