using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Onnx;

/// <summary>Models of float16 and bfloat16 tensors compute in float32 and round where they hand values out.</summary>
public sealed class Float16ArithmeticTests
{
    [Fact]
    public void Inputs_are_widened_and_outputs_rounded()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.BFloat16, 3).Constant("c", B(0.00390625f))
            .Node("Add", "x,c", "y").Node("Greater", "x,c", "z").Output("y", "z").Import();

        Assert.Equal(TensorType.Of(ElementType.BFloat16, 3), graph.TypeOf("y"));
        Assert.Equal(TensorType.Of(ElementType.Bool, 3), graph.TypeOf("z"));
        Assert.DoesNotContain(graph.Constants.Values, c => c.Element == ElementType.BFloat16);
        Tensor[] outputs = new GraphEvaluator(graph).Evaluate([B(1, -2, 0)]);
        // 1 + 1/256 is a tie between two bfloat16 numbers, of which 1 is the even one.
        Assert.Equal([1f, -2f, 0.00390625f], NumericCast.Convert(outputs[0], ElementType.Float32)!.Values<float>());
        Assert.Equal([true, false, false], outputs[1].Values<bool>());
    }

    [Fact]
    public void Nothing_is_rounded_between_nodes()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.BFloat16, 1).Constant("c", B(0.00390625f))
            .Node("Add", "x,c", "a").Node("Flatten", "a", "b", ("axis", 0)).Node("Add", "b,c", "y").Output("y").Import();

        // 1 + 2/256 is a bfloat16 number, 1 + 1/256 on the way is not.
        Assert.Equal([1.0078125f], NumericCast.Convert(
            new GraphEvaluator(graph).Evaluate([B(1)])[0], ElementType.Float32)!.Values<float>());
        Assert.Equal(["Cast", "Add", "Flatten", "Add", "Cast"], graph.Nodes.Select(n => n.OpType));
    }

    [Fact]
    public void The_output_has_the_type_that_the_operator_says()
    {
        Graph graph = new ModelBuilder().Input("x", 2).Constant("e", Tensor.Of([(Half)0.5f], 1)).Node("Pow", "x,e", "y").Output("y")
            .Import();

        Assert.Equal(TensorType.Float32(2), graph.TypeOf("y"));
        // The root of 2 has more digits than a float16 number.
        Assert.Equal([MathF.Sqrt(2), 3f], new GraphEvaluator(graph).Evaluate([Tensor.Of([2f, 9f], 2)])[0].Values<float>());
    }

    [Fact]
    public void A_float16_network_is_quantised_as_one_of_float32()
    {
        var random = new Random(3);
        Half[] weights = [.. Enumerable.Range(0, 8 * 16).Select(_ => (Half)(random.NextDouble() - 0.5))];
        Graph graph = PassPipeline.Run(new ModelBuilder().Input("x", ElementType.Float16, 1, 16)
            .Constant("w", Tensor.Of(weights, 16, 8)).Constant("b", Tensor.Of(new Half[8], 8))
            .Node("MatMul", "x,w", "m").Node("Add", "m,b", "a").Node("Relu", "a", "y").Output("y").Import());
        var quantizer = new Quantizer(new() { Precision = ModelPrecision.Auto });
        Tensor[][] samples = [.. Enumerable.Range(0, 8).Select(_ => (Tensor[])[new Tensor(TensorType.Of(ElementType.Float16, 1, 16),
            (Half[])[.. Enumerable.Range(0, 16).Select(_ => (Half)(random.NextDouble() - 0.5))])])];

        CompressionResult result = quantizer.Apply(
            new CompressedModel(graph), new SampleSet(samples, Synthetic: false), default);

        Assert.Contains(result.Model.Annotation<GraphQuantization>()!.Nodes.Values, n => n.Integer);
        Assert.Equal(ElementType.Float16, result.Model.Graph.TypeOf("x").Element);
        Assert.Equal(ElementType.Float16, result.Model.Graph.TypeOf("y").Element);
    }

    [Fact]
    public void Moving_elements_needs_no_conversion()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.BFloat16, 2, 3).Node("Transpose", "x", "y").Output("y").Import();

        Assert.Equal(["Transpose"], graph.Nodes.Select(n => n.OpType));
        Assert.Equal(B(1, 4, 2, 5, 3, 6).Data, new GraphEvaluator(graph).Evaluate([B(1, 2, 3, 4, 5, 6).Reshape(2, 3)])[0].Data);
    }

    [Fact]
    public void Outputs_of_other_types_stay()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.BFloat16, 1, 1, 4)
            .Node("MaxPool", "x", "y,i", ("kernel_shape", (long[])[2])).Output("y", "i").Import();

        Tensor[] outputs = new GraphEvaluator(graph).Evaluate([B(1, 3, 2, 0).Reshape(1, 1, 4)]);
        Assert.Equal(B(3, 3, 2).Data, outputs[0].Data);
        Assert.Equal([1L, 1, 2], outputs[1].Values<long>());
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Max")]
    [InlineData("Relu")]
    [InlineData("Equal")]
    [InlineData("MatMul")]
    [InlineData("ArgMax")]
    [InlineData("ReduceMax")]
    [InlineData("Clip")]
    [InlineData("MaxPool")]
    [InlineData("Pow")]
    public void Arithmetic_in_types_of_eight_bits_and_fewer_is_refused(string op)
    {
        foreach (ElementType type in Enum.GetValues<ElementType>().Where(t => t.IsNarrow() && t != ElementType.BFloat16))
        {
            ModelBuilder model = new ModelBuilder().Input("x", type, 1, 2, 2, 2);
            bool binary = op is "Add" or "Equal" or "MatMul" or "Pow";
            model.Node(op, binary ? "x,x" : "x", "y", op == "MaxPool" ? [("kernel_shape", (long[])[2, 2])] : []).Output("y");
            Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
        }
    }

    [Fact]
    public void An_unknown_rounding_is_refused()
    {
        ModelBuilder model = new ModelBuilder(24).Input("x", 1)
            .Node("Cast", "x", "y", ("to", (int)ElementType.Float8E8M0), ("round_mode", "sideways")).Output("y");
        Assert.Contains("sideways", Assert.Throws<ModelException>(() => model.Import()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Narrow_integers_are_no_shape()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Constant("s", new Tensor(TensorType.Of(ElementType.Int4, 1), (sbyte[])[2]))
            .Node("Reshape", "x,s", "y").Output("y");
        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    private static Tensor B(params float[] values) => NumericCast.Convert(Tensor.Of(values, values.Length), ElementType.BFloat16)!;
}
