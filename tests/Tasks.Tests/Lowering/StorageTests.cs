using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

public sealed class StorageTests
{
    [Fact]
    public void ReshapedStoragesAddressTheSameElementsInTheSameOrder()
    {
        int reshaped = 0;
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            Storage storage = RandomView(random);
            ImmutableArray<int> to = RandomFactors(random, storage.Count);
            if (storage.TryReshape(to) is not { } result)
            {
                Assert.False(storage.IsDense, $"seed {seed}: dense elements can always be reshaped");
                return;
            }
            reshaped++;
            Assert.Equal(Addresses(storage.Dimensions, storage.Strides), Addresses(result.Dimensions, result.Strides));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
        Assert.True(reshaped > 200, $"only {reshaped} shapes were compatible");
    }

    [Fact]
    public void MergedBoxesAddressTheSameElements() => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
    {
        var random = new Random(seed);
        Storage a = RandomView(random);
        ImmutableArray<int> b = [.. a.Dimensions.Select(_ => random.Next(-4, 5))];
        BoxShape box = BoxShape.Of(a.Dimensions.AsSpan(), a.Strides, b);
        Assert.DoesNotContain(1, box.Dimensions);
        Assert.Equal(Addresses(a.Dimensions, a.Strides), Addresses([.. box.Dimensions], [.. box.Strides[0]]));
        Assert.Equal(Addresses(a.Dimensions, b), Addresses([.. box.Dimensions], [.. box.Strides[1]]));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void BorderedRowsShareTheirSidePixels()
    {
        var context = new LoweringContext(TestGraphs.Empty, null);
        Storage storage = context.NewStorage("x", ElementType.UInt8, [2, 3, 4, 5], null, new Border(1, 2, 1, 1));
        FeatureMap map = FeatureMap.Of(storage)!.Value;
        Assert.Equal((4 + 2) * 5, map.RowStride);
        Assert.Equal((1 + 3 + 1) * map.RowStride, map.ImageStride);

        // Every pixel of the border and the interior lies inside the buffer.
        Assert.Equal(map.RowStride + (2 * 5), storage.Origin);
        int last = storage.Origin + map.ImageStride + ((3 - 1 + 1) * map.RowStride) + ((4 + 1) * 5);
        Assert.Equal(last, storage.Buffer!.Bytes);
    }

    private static Storage RandomView(Random random)
    {
        int rank = random.Next(1, 5);
        int[] full = [.. Enumerable.Range(0, rank).Select(_ => random.Next(1, 5))];
        int[] padded = [.. full.Select(d => d + (random.Next(3) == 0 ? random.Next(3) : 0))];
        ImmutableArray<int> strides = Storage.DenseStrides(padded, 1);
        int[] order = [.. Enumerable.Range(0, rank)];
        if (random.Next(3) == 0)
            random.Shuffle(order);
        return new()
        {
            Buffer = new ArenaBuffer(0, "b", Shapes.Count(padded)),
            Origin = 0,
            Element = ElementType.UInt8,
            Dimensions = [.. order.Select(i => full[i])],
            Strides = [.. order.Select(i => strides[i])],
        };
    }

    private static ImmutableArray<int> RandomFactors(Random random, int count)
    {
        var factors = new List<int>();
        while (count > 1)
        {
            int[] divisors = [.. Enumerable.Range(2, count - 1).Where(d => count % d == 0)];
            int factor = divisors[random.Next(divisors.Length)];
            factors.Add(factor);
            count /= factor;
        }
        for (int i = random.Next(3); i > 0; i--)
            factors.Insert(random.Next(factors.Count + 1), 1);
        return [.. factors];
    }

    private static List<int> Addresses(ImmutableArray<int> dimensions, ImmutableArray<int> strides)
    {
        var addresses = new List<int> { 0 };
        for (int d = 0; d < dimensions.Length; d++)
            addresses = [.. addresses.SelectMany(a => Enumerable.Range(0, dimensions[d]).Select(i => a + (i * strides[d])))];
        return addresses;
    }
}
