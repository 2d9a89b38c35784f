using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering;

/// <summary>Every form of stored weights: packed and read back, and known to the kernels that it names.</summary>
public sealed class WeightStorageTests
{
    public static TheoryData<string> Forms => [.. WeightStorage.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Forms))]
    public void WhatIsPackedIsReadBack(string form)
    {
        WeightStorage storage = WeightStorage.Named(form);
        foreach (LayerShape shape in (LayerShape[])
        [
            LayerShape.OfRows(1, 1), LayerShape.OfRows(10, 84), LayerShape.OfRows(33, 7),
            new(WeightOrder.Convolution, 1, 16, 3, [3, 3]) { InputPixelStride = 3 },
            new(WeightOrder.Convolution, 1, 5, 3, [3, 3]) { InputPixelStride = 4, DilationWidth = 2 },
            new(WeightOrder.Convolution, 3, 20, 2, [1, 5]) { InputPixelStride = 6 },
            LayerShape.OfRows(33, 100) with { GroupInputs = 32 },
            new(WeightOrder.Convolution, 2, 20, 8, [3, 3]) { InputPixelStride = 8, GroupInputs = 4 },
            new(WeightOrder.Convolution, 1, 20, 12, [3, 3]) { InputPixelStride = 12 },
            new(WeightOrder.Convolution, 1, 20, 6, [2, 3, 3]) { InputPixelStride = 24 },
            new(WeightOrder.Convolution, 2, 20, 7, [3, 3]) { InputPixelStride = 56 },
            new(WeightOrder.Depthwise, 37, 1, 1, [3, 3]), new(WeightOrder.Depthwise, 8, 1, 1, [1, 7]),
        ])
        {
            bool hasFourBits = storage is DenseS4, hasSigns = storage is SignBits;
            if (storage.Kernels(shape.Order).IsEmpty || (storage.Element == ElementType.Int8 && shape.Kernel.Length > 2))
                continue;
            if ((hasFourBits && shape.Inputs % 4 != 0) || (hasSigns && shape.Groups > 1))
                continue;
            var random = new Random(3);
            Tensor weights = storage.Element == ElementType.Int8
                ? Tensor.Of(
                    [.. Enumerable.Range(0, shape.Count).Select(_ => (sbyte)(hasFourBits ? random.Next(-7, 8) : random.Next(-127, 128)))],
                    shape.Groups * shape.Outputs, shape.Inputs, shape.Taps)
                : Tensor.Of([.. Enumerable.Range(0, shape.Count).Select(i => !hasSigns ? random.NextSingle() - 0.5f
                    : (random.Next(2) - 0.5f) * (i / shape.Inputs / shape.Taps))],
                    shape.Groups * shape.Outputs, shape.Inputs, shape.Taps);
            byte[] packed = storage.Pack(shape, weights);
            Assert.InRange(packed.Length, hasSigns ? (shape.Count + 7) / 8 : shape.Count * storage.Element.Size() / (hasFourBits ? 2 : 1),
                int.MaxValue);
            Tensor unpacked = storage.Unpack(shape, packed);
            Assert.Equal(weights.Type, unpacked.Type);
            Assert.Equal(weights.Data, unpacked.Data);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void TheKernelsOfAFormExist(string form)
    {
        foreach (WeightOrder order in Enum.GetValues<WeightOrder>())
            foreach (string kernel in WeightStorage.Named(form).Kernels(order))
                Assert.NotNull(typeof(PackedWeights).Assembly.GetType("OptimizerBuild.Kernels." + kernel));
    }

    [Fact]
    public void ALoweredModelSaysWhereItsWeightsLie()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 8, 8, 3);
        string a = g.Conv("a", x, 3, 8, 3, relu: true);
        Graph graph = g.Build(g.Conv("b", g.Conv("d", a, 8, 8, 3, relu: true, groups: 8), 8, 6, 1));

        foreach (CompressedModel model in (CompressedModel[])[new(graph), Plans.Quantize(graph)])
        {
            LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
            Assert.Equal(graph.Nodes.Select(n => n.Name), lowered.Sections.Select(s => s.Node));
            foreach (WeightSection section in lowered.Sections)
            {
                Tensor unpacked = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
                Array expected = model.Annotation<GraphQuantization>() is { } quantization
                    ? quantization.Weights[section.Node].Values
                    : graph.Constants[graph.Nodes.Single(n => n.Name == section.Node).Inputs[1]].Data;
                Assert.Equal(expected, unpacked.Data);
            }

            // A kernel that reads another form is a defect that lowering finds.
            WeightSection first = lowered.Sections[0];
            WeightStorage other = WeightStorage.All.First(s => s != first.Storage);
            LoweredModel wrong = lowered with { Sections = lowered.Sections.SetItem(0, first with { Storage = other }) };
            Assert.Contains("no kernel for", Assert.Throws<InvalidOperationException>(() => PlanVerifier.Verify(wrong)).Message,
                StringComparison.Ordinal);
        }
    }

    /// <summary>Kernels follow the index of sparse weights without looking: one that leads elsewhere is found.</summary>
    [Theory]
    [InlineData("s8 blocks", 16, "a block has place 16 of 16", "segment")]
    [InlineData("float32 blocks", 61, "a block begins at input 61, the last one at 60", "tap")]
    public void AnIndexThatLeadsOutOfTheWeightsIsFound(string form, byte beyond, string message, string row)
    {
        var shape = new LayerShape(WeightOrder.Dense, 1, 48, 64, []);
        WeightStorage storage = WeightStorage.Named(form);
        sbyte[] weights = [.. Enumerable.Range(0, shape.Count).Select(i => (sbyte)(i / 64 / 16 == 1 || i % 16 > 4 ? 0 : 1))];
        byte[] packed = storage.Pack(shape, storage.Element == ElementType.Int8 ? Tensor.Of(weights, 48, 64, 1)
            : Tensor.Of([.. weights.Select(w => (float)w)], 48, 64, 1));
        Assert.Null(storage.Fault(shape, packed));
        ImmutableArray<(int Bytes, int Element)> parts = storage.Parts(shape, packed.Length);
        int columns = parts[0].Bytes, starts = columns + parts[1].Bytes;

        Assert.Contains(message, Damaged(columns, beyond), StringComparison.Ordinal);
        Assert.Contains($"a {row} begins at block", Damaged(starts + 4, 255), StringComparison.Ordinal);
        Assert.Contains($"{row}s have blocks 1", Damaged(starts, 1), StringComparison.Ordinal);
        Assert.Contains($"{row}s have blocks 0", Damaged(packed.Length - 4, (byte)(packed[^4] - 1)), StringComparison.Ordinal);
        Assert.Contains("no whole blocks", storage.Fault(shape, packed.AsSpan(8)), StringComparison.Ordinal);
        Assert.Contains("no whole blocks", storage.Fault(shape, packed.AsSpan(..8)), StringComparison.Ordinal);

        string Damaged(int at, byte value)
        {
            byte[] copy = [.. packed];
            copy[at] = value;
            return storage.Fault(shape, copy) ?? "";
        }
    }

    [Fact]
    public void TheEstimateFollowsArithmeticAndBytes()
    {
        double Estimate(int inputs, bool quantised)
        {
            var g = new FloatGraph();
            Graph graph = g.Build(g.Dense("y", g.Input("x", 1, inputs), inputs, 512));
            return GraphLowerer.Lower(quantised ? Plans.Quantize(graph) : new(graph), new BoundaryOptions()).EstimatedNanoseconds;
        }

        // 512 × 512 weights: 1 MB at 100 bytes a nanosecond, a quarter of it in s8.
        Assert.InRange(Estimate(512, false), 512 * 512 * 4 / 100.0, (512 * 512 * 4 / 100.0) + 200);
        Assert.InRange(Estimate(512, true), 512 * 512 / 100.0, (512 * 512 / 100.0) + 200);
        Assert.True(Estimate(256, true) < Estimate(512, true));
    }
}
