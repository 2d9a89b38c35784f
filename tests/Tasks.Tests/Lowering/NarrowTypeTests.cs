using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Types without a .NET form from the caller's memory through plans and back, against the reference evaluator.</summary>
public sealed class NarrowTypeTests
{
    public static TheoryData<int> Narrow => [.. Enum.GetValues<ElementType>().Where(t => t.IsNarrow()).Select(t => (int)t)];

    /// <summary>From and to every type, on all bit patterns of 8 bits (16 for bfloat16) where the source is narrow.</summary>
    [Theory]
    [MemberData(nameof(Narrow))]
    public void Every_conversion_runs_as_the_reference_says(int number)
    {
        var type = (ElementType)number;
        foreach (ElementType other in Enum.GetValues<ElementType>().Where(t => t != ElementType.String))
        {
            AssertSame(
                new ModelBuilder(25).Input("x", type, 65536).Node("Cast", "x", "y", ("to", (int)other)).Output("y").Import(),
                Patterns(type));
            AssertSame(
                new ModelBuilder(25).Input("x", other, 65536)
                    .Node("Cast", "x", "y", ("to", number), ("saturate", 0), ("round_mode", "nearest")).Output("y").Import(),
                Patterns(other));
        }
    }

    [Theory]
    [MemberData(nameof(Narrow))]
    public void Elements_are_moved_like_any_others(int number)
    {
        var type = (ElementType)number;
        Tensor constant = Bits(type, 4).Reshape(2, 2);
        Graph graph = new ModelBuilder(25).Input("x", type, 2, 3).Input("c", ElementType.Bool, 2, 2).Constant("k", constant)
            .Constant("i", Tensor.Of([1L, 0], 2)).Constant("p", Tensor.Of([1L, 0, 0, 1], 4)).Constant("v", Bits(type, 2).Reshape(2))
            .Node("Transpose", "x", "t").Node("Concat", "t,k", "j", ("axis", 0)).Node("Gather", "j,i", "g", ("axis", 1))
            .Node("Pad", "g,p", "d").Node("Slice", "x,b0,e2,a1", "s").Node("Where", "c,s,k", "w").Node("Identity", "w", "w2")
            .Constant("b0", Tensor.Of([0L], 1)).Constant("e2", Tensor.Of([2L], 1)).Constant("a1", Tensor.Of([1L], 1))
            .Node("Reshape", "x,r", "f").Constant("r", Tensor.Of([6L], 1)).Node("Expand", "f,q", "z").Constant("q", Tensor.Of([2L, 6], 2))
            .Output("t", "d", "w2", "z").Import();
        AssertSame(graph, Bits(type, 6).Reshape(2, 3), Tensor.Of([true, false, false, true], 2, 2));
    }

    [Fact]
    public void The_plan_says_what_the_bits_are()
    {
        LoweredModel lowered = Lower(
            new ModelBuilder(25).Input("x", ElementType.BFloat16, 4).Node("Cast", "x", "y",
                ("to", (int)ElementType.Int4)).Output("y").Import());
        Assert.Equal(BoundaryType.BFloat16, Assert.Single(lowered.Inputs).Type);
        Assert.Equal(BoundaryType.Int4, Assert.Single(lowered.Outputs).Type);
        Assert.Equal(4, lowered.Outputs[0].Length);
    }

    private static void AssertSame(Graph graph, params Tensor[] inputs)
    {
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
        Tensor[] actual = Plans.Execute(Lower(graph)).Run(inputs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Type, actual[i].Type);
            Assert.True(ModelBuilder.Raw(expected[i]).AsSpan().SequenceEqual(ModelBuilder.Raw(actual[i])),
                $"{graph.Outputs[i]} of {inputs[0].Type}");
        }
    }

    private static LoweredModel Lower(Graph graph) =>
        GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "Narrow" });

    private static Tensor Bits(ElementType type, int count) =>
        NumericCast.Convert(Tensor.Of([.. Enumerable.Range(1, count).Select(i => i % 3 == 0 ? -1f : i)], count), type)!;

    // 65,536 elements of a type: every pattern of the narrow ones, numbers around their limits of the others.
    private static Tensor Patterns(ElementType type)
    {
        var random = new Random((int)type);
        double Draw(int i) => (i & 3) switch
        {
            0 => random.Next(-300, 300),
            1 => Math.ScaleB(random.NextDouble() - 0.5, random.Next(-140, 140)),
            2 => random.Next(-40, 40) / 4.0,
            _ => (random.NextDouble() - 0.5) * 131072,
        };
        return type switch
        {
            ElementType.BFloat16 => new(TensorType.Of(type, 65536), (ushort[])[.. Enumerable.Range(0, 65536).Select(i => (ushort)i)]),
            ElementType.Int4 => new(TensorType.Of(type, 65536),
                (sbyte[])[.. Enumerable.Range(0, 65536).Select(i => (sbyte)((i & 15) - 8))]),
            ElementType.Int2 => new(TensorType.Of(type, 65536), (sbyte[])[.. Enumerable.Range(0, 65536).Select(i => (sbyte)((i & 3) - 2))]),
            _ when type.IsNarrow() => new(TensorType.Of(type, 65536), (byte[])[
                .. Enumerable.Range(0, 65536).Select(i => (byte)(i & ((1 << type.StoredBits()) - 1)))]),
            _ => NumericCast.Convert(Tensor.Of([.. Enumerable.Range(0, 65536).Select(Draw)], 65536), type)!,
        };
    }
}
