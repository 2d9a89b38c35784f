using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Lowering;

/// <summary>Views of buffers: reshaped, merged, bordered.</summary>
public sealed class StorageTests
{
    // Views of one to four axes; one in three has gaps behind an axis, one in three its axes in another order.
    private static readonly Arbitrary<View> Views = Arb.From(
        from rank in Gen.Choose(1, 4)
        from axes in (
            from size in Gen.Choose(1, 4)
            from gap in Gen.Frequency((7, Gen.Constant(0)), (2, Gen.Choose(1, 2)))
            from place in Gen.Choose(0, 3)
            from stride in Gen.Choose(-4, 4)
            select new Axis(size, gap, place, stride)).ArrayOf(rank)
        from permuted in Gen.Choose(0, 2)
        from factors in Gen.Choose(0, 11).ArrayOf(9)
        from ones in Gen.Choose(0, 4).ListOf()
        select new View([.. axes], permuted == 0, [.. factors], [.. ones.Take(2)]), View.Shrink);

    [Fact]
    public void ReshapedStoragesAddressTheSameElementsInTheSameOrder()
    {
        int reshaped = 0;
        PropertyCheck.Holds(Views, view =>
        {
            Storage storage = view.Storage();
            if (storage.TryReshape(view.Factors(storage.Count)) is not { } result)
            {
                Assert.False(storage.IsDense, "dense elements can always be reshaped");
                return;
            }
            reshaped++;
            Assert.Equal(Addresses(storage.Dimensions, storage.Strides), Addresses(result.Dimensions, result.Strides));
        }, 1000);
        Assert.True(reshaped > 200, $"only {reshaped} shapes were compatible");
    }

    [Fact]
    public void MergedBoxesAddressTheSameElements() => PropertyCheck.Holds(Views, view =>
    {
        Storage a = view.Storage();
        ImmutableArray<int> b = [.. view.Axes.Select(axis => axis.OtherStride)];
        BoxShape box = BoxShape.Of(a.Dimensions.AsSpan(), a.Strides, b);
        Assert.DoesNotContain(1, box.Dimensions);
        Assert.Equal(Addresses(a.Dimensions, a.Strides), Addresses([.. box.Dimensions], [.. box.Strides[0]]));
        Assert.Equal(Addresses(a.Dimensions, b), Addresses([.. box.Dimensions], [.. box.Strides[1]]));
    }, 500);

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

    private static List<int> Addresses(ImmutableArray<int> dimensions, ImmutableArray<int> strides)
    {
        var addresses = new List<int> { 0 };
        for (int d = 0; d < dimensions.Length; d++)
            addresses = [.. addresses.SelectMany(a => Enumerable.Range(0, dimensions[d]).Select(i => a + (i * strides[d])))];
        return addresses;
    }

    /// <summary>One axis of a view, outermost first.</summary>
    /// <param name="Size">Its extent.</param>
    /// <param name="Gap">How many elements of the buffer lie between its end and the next row.</param>
    /// <param name="Place">How far inwards it moves where the axes change places.</param>
    /// <param name="OtherStride">Its stride in another buffer.</param>
    private sealed record Axis(int Size, int Gap, int Place, int OtherStride)
    {
        public IEnumerable<Axis> Shrink() =>
        [
            .. Shrinking.Number(Size, 1).Select(s => this with { Size = s }),
            .. Shrinking.Number(Gap).Select(g => this with { Gap = g }),
            .. Shrinking.Number(Place).Select(p => this with { Place = p }),
            .. Shrinking.Number(OtherStride).Select(o => this with { OtherStride = o }),
        ];
    }

    /// <summary>A view, and a shape of as many elements.</summary>
    /// <param name="Axes">The axes.</param>
    /// <param name="IsPermuted">Whether the axes change places.</param>
    /// <param name="Divisors">Which divisor of what is left each further axis of the other shape is.</param>
    /// <param name="Ones">Where the other shape has axes of one element.</param>
    private sealed record View(ImmutableArray<Axis> Axes, bool IsPermuted, ImmutableArray<int> Divisors, ImmutableArray<int> Ones)
    {
        public static IEnumerable<View> Shrink(View large) =>
        [
            .. Shrinking.List(large.Axes, 1, a => a.Shrink()).Select(a => large with { Axes = a }),
            .. large.IsPermuted ? [large with { IsPermuted = false }] : (View[])[],
            .. Shrinking.Elements(large.Divisors, d => Shrinking.Number(d)).Select(d => large with { Divisors = d }),
            .. Shrinking.List(large.Ones, 0, o => Shrinking.Number(o)).Select(o => large with { Ones = o }),
        ];

        public Storage Storage()
        {
            int[] padded = [.. Axes.Select(a => a.Size + a.Gap)];
            ImmutableArray<int> strides = Lowering.Storage.DenseStrides(padded, 1);
            var order = new List<int>();
            for (int i = 0; i < Axes.Length; i++)
                order.Insert(IsPermuted ? Axes[i].Place % (i + 1) : i, i);
            return new()
            {
                Buffer = new ArenaBuffer(0, "b", Shapes.Count(padded)),
                Origin = 0,
                Element = ElementType.UInt8,
                Dimensions = [.. order.Select(i => Axes[i].Size)],
                Strides = [.. order.Select(i => strides[i])],
            };
        }

        public ImmutableArray<int> Factors(int count)
        {
            var factors = new List<int>();
            while (count > 1)
            {
                int[] divisors = [.. Enumerable.Range(2, count - 1).Where(d => count % d == 0)];
                int factor = divisors[Divisors[factors.Count] % divisors.Length];
                factors.Add(factor);
                count /= factor;
            }
            foreach (int place in Ones)
                factors.Insert(place % (factors.Count + 1), 1);
            return [.. factors];
        }

        public override string ToString() =>
            $"View {{ Axes = {PropertyCheck.Describe(Axes)}, IsPermuted = {IsPermuted}, "
            + $"Divisors = {PropertyCheck.Describe(Divisors)}, Ones = {PropertyCheck.Describe(Ones)} }}";
    }
}
