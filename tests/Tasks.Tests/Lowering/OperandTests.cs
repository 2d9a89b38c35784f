using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Operands of other shapes and types than the usual ones: plans against the reference.</summary>
public sealed class OperandTests
{
    public static TheoryData<string, string> Parameters
    {
        get
        {
            var data = new TheoryData<string, string>();
            string[] shapes = ["", "1", "6", "1,6", "4,6", "4,1"];
            foreach (string scale in shapes)
                foreach (string bias in shapes)
                    data.Add(scale, bias);
            return data;
        }
    }

    /// <summary>Parameters of a normalisation over two axes, constant or known only at run time, repeated where they are smaller.</summary>
    [Theory]
    [MemberData(nameof(Parameters))]
    public void ParametersOfANormalisationAreRepeated(string scale, string bias)
    {
        Graph graph = new ModelBuilder(17).Input("x", 2, 4, 6).Constant("s", Ramp(scale, 0.5f)).Input("b",
            Dimensions(bias).Cast<object?>().ToArray())
            .Node("LayerNormalization", "x,s,b", "y", ("axis", 1)).Output("y").Import();
        Tensor[] inputs = [Ramp("2,4,6", -3), Ramp(bias, 2)];

        AssertClose(graph, inputs, 1e-5);
    }

    public static TheoryData<string, string, bool> Operands
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (string operation in (string[])["Gemm", "Gemm of a column", "PRelu", "Where", "Where of conditions", "Max", "Mean"])
                foreach (string shape in (string[])["", "1", "6", "1,6", "4,6", "4,1"])
                    foreach (bool constant in (bool[])[true, false])
                        data.Add(operation, shape, constant);
            foreach (string operation in (string[])["Clip from", "Clip to", "Pad"])
                foreach (string shape in (string[])["", "1"])
                    foreach (bool constant in (bool[])[true, false])
                        data.Add(operation, shape, constant);
            return data;
        }
    }

    /// <summary>Operands that may be smaller than what they work on, or stand for one number: of every shape, known and not.</summary>
    [Theory]
    [MemberData(nameof(Operands))]
    public void OperandsOfEveryShapeAreRepeated(string operation, string shape, bool constant)
    {
        // A column of results for an addend of fewer rows than the product would not be repeated but refused.
        if (operation == "Gemm of a column" && shape is "6" or "1,6" or "4,6")
            return;
        bool isCondition = operation == "Where of conditions";
        Tensor operand = isCondition
            ? NumericCast.Convert(Ramp(shape, -0.25f), ElementType.Bool)!
            : Ramp(shape, 0.5f);
        var model = new ModelBuilder(18).Input("x", 4, 6);
        model = constant ? model.Constant("p", operand) : model.Input("p", operand.Element, Dimensions(shape).Cast<object?>().ToArray());
        model = operation switch
        {
            "Gemm" => model.Constant("w", Ramp("6,6", -1)).Node("Gemm", "x,w,p", "y", ("alpha", 0.5f), ("beta", 2f)),
            "Gemm of a column" => model.Constant("w", Ramp("6,1", -1)).Node("Gemm", "x,w,p", "y"),
            "PRelu" => model.Node("PRelu", "x,p", "y"),
            "Where" => model.Constant("zero", Tensor.Scalar(0f)).Node("Less", "x,zero", "c").Node("Where", "c,p,x", "y"),
            "Where of conditions" => model.Node("Where", "p,x,x", "z").Node("Neg", "x", "n").Node("Where", "p,z,n", "y"),
            "Clip from" => model.Node("Clip", "x,p", "y"),
            "Clip to" => model.Node("Clip", "x,,p", "y"),
            "Pad" => model.Constant("by", Tensor.Of([1L, 0L, 0L, 2L], 4)).Node("Pad", "x,by,p", "y"),
            _ => model.Node(operation, "x,p,x", "y"),
        };
        Graph graph = model.Output("y").Import();
        Tensor x = Ramp("4,6", -1);

        AssertClose(graph, constant ? [x] : [x, operand], 1e-5);
    }

    public static TheoryData<int, int> Powers
    {
        get
        {
            ElementType[] types = [ElementType.Float16, ElementType.Float32, ElementType.Float64, ElementType.Int32, ElementType.Int64];
            var data = new TheoryData<int, int>();
            foreach (ElementType x in types)
                foreach (ElementType y in types)
                    data.Add((int)x, (int)y);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Powers))]
    public void PowersOfEveryPairOfTypes(int x, int y)
    {
        (ElementType first, ElementType second) = ((ElementType)x, (ElementType)y);
        Graph graph = new ModelBuilder(15).Input("x", first, 5).Input("y", second, 5).Node("Pow", "x,y", "z").Output("z").Import();
        float[] exponents = second.IsFloat() ? [0.5f, 0.5f, 1.5f, 2f, -1f] : [2f, 3f, 1f, 0f, 2f];

        AssertClose(graph,
            [Convert([9f, 16f, 4f, 7f, 2f], first), Convert(exponents, second)], first == ElementType.Float16 ? 1e-3 : 1e-6);
        if (!first.IsFloat() && second.IsFloat())
            Assert.Equal([3L, 4L, 8L, 49L, 0L],
                Plans.Execute(Lower(graph)).Run([Convert([9f, 16f, 4f, 7f, 2f], first), Convert(exponents, second)])[0].ToInt64());
    }

    /// <summary>Sums that float16 itself cannot hold, or would no longer change by small terms.</summary>
    [Theory]
    [InlineData("ReduceMean", 200f, 200f)]
    [InlineData("ReduceSum", 0.5f, 8192f)]
    [InlineData("ReduceSum", 200f, float.PositiveInfinity)]
    [InlineData("GlobalAveragePool", 200f, 200f)]
    [InlineData("GlobalAveragePool", 0.1f, 0.1f)]
    public void Float16AccumulatesInFloat32(string operation, float value, float expected)
    {
        Graph graph = new ModelBuilder(18).Input("x", ElementType.Float16, 1, 1, 16384).Node(operation, "x", "y").Output("y").Import();
        Tensor x = NumericCast.Convert(Tensor.Of([.. Enumerable.Repeat(value, 16384)], 1, 1, 16384), ElementType.Float16)!;

        float reference = (float)new GraphEvaluator(graph).Evaluate([x])[0].Values<Half>()[0];
        float actual = (float)Plans.Execute(Lower(graph)).Run([x])[0].Values<Half>()[0];

        Assert.Equal((float)(Half)expected, reference, expected * 1e-3);
        Assert.Equal(reference, actual);
    }

    /// <summary>Pooling of every rank in integers: no axis too many or too few.</summary>
    [Theory]
    [InlineData("GlobalMaxPool", 3)]
    [InlineData("GlobalMaxPool", 4)]
    [InlineData("GlobalMaxPool", 5)]
    [InlineData("GlobalMaxPool", 6)]
    [InlineData("GlobalAveragePool", 3)]
    [InlineData("GlobalAveragePool", 4)]
    [InlineData("GlobalAveragePool", 5)]
    [InlineData("GlobalAveragePool", 6)]
    public void GlobalPoolingOfEveryRankInIntegers(string operation, int rank)
    {
        int[] shape = [1, 3, .. Enumerable.Repeat(2, rank - 2)];
        Graph graph = new ModelBuilder(18).Input("x", shape.Cast<object?>().ToArray()).Node(operation, "x", "y").Output("y").Import();
        CompressedModel quantised = Plans.Quantize(PassPipeline.Run(graph));
        Tensor x = Tensor.Of([.. Enumerable.Range(0, Shapes.Count(shape)).Select(i => ((i * 37 % 64) - 32) / 40f)], shape);

        float[] expected = new GraphEvaluator(graph).Evaluate([x])[0].Values<float>();
        float[] actual = Plans.Execute(GraphLowerer.Lower(quantised,
            new BoundaryOptions { ClassName = "Pool" })).Run([x])[0].Values<float>();

        Assert.Equal(3, actual.Length);
        for (int i = 0; i < 3; i++)
            Assert.Equal(expected[i], actual[i], 0.05);
    }

    [Fact]
    public void AMeanOverNothingButPaddingIsZero()
    {
        Graph graph = new ModelBuilder(19).Input("x", 1, 1, 2)
            .Node("AveragePool", "x", "y", ("kernel_shape", new long[] { 1 }), ("pads", new long[] { 1, 1 })).Output("y").Import();
        Tensor[] inputs = [Tensor.Of([3f, 5f], 1, 1, 2)];

        Assert.Equal([0f, 3f, 5f, 0f], new GraphEvaluator(graph).Evaluate(inputs)[0].Values<float>());
        Assert.Equal([0f, 3f, 5f, 0f], Plans.Execute(Lower(graph)).Run(inputs)[0].Values<float>());
    }

    /// <summary>A maximum of nothing is the least finite number of its type, with and without places, in one to three dimensions.</summary>
    [Theory]
    [InlineData((int)ElementType.Float32, 1)]
    [InlineData((int)ElementType.Float32, 2)]
    [InlineData((int)ElementType.Float32, 3)]
    [InlineData((int)ElementType.Float16, 1)]
    [InlineData((int)ElementType.Float64, 2)]
    [InlineData((int)ElementType.Int8, 1)]
    [InlineData((int)ElementType.UInt8, 3)]
    public void AMaximumOverNothingButPaddingIsTheLeastNumber(int type, int axes)
    {
        ElementType element = (ElementType)type;
        object?[] shape = [1, 1, .. Enumerable.Repeat((object?)2, axes)];
        int count = 1 << axes;
        Tensor x = NumericCast.Convert(Tensor.Of([.. Enumerable.Range(1, count).Select(i => (float)i)],
            [1, 1, .. Enumerable.Repeat(2, axes)]), element)!;
        double least = element switch
        {
            // The least float32 number, in which float16 is computed, is minus infinity there.
            ElementType.Float16 => double.NegativeInfinity,
            ElementType.Float32 => float.MinValue,
            ElementType.Float64 => double.MinValue,
            ElementType.Int8 => sbyte.MinValue,
            _ => 0,
        };
        foreach (string outputs in (string[])["y", "y,i"])
        {
            Graph graph = new ModelBuilder(19).Input("x", element, shape)
                .Node("MaxPool", "x", outputs, ("kernel_shape", Enumerable.Repeat(1L, axes).ToArray()),
                    ("pads", Enumerable.Repeat(1L, 2 * axes).ToArray()))
                .Output(outputs.Split(',')).Import();

            Tensor[] expected = new GraphEvaluator(graph).Evaluate([x]), actual = Plans.Execute(Lower(graph)).Run([x]);

            // One place on each side of every axis is padding.
            Assert.Equal(least, Reals(expected[0])[0]);
            Assert.Equal((1 << (2 * axes)) - count, Reals(expected[0]).Count(v => v == least));
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(Reals(expected[i]), Reals(actual[i]));
            if (expected.Length == 2)
                Assert.Equal((1 << (2 * axes)) - count, expected[1].Values<long>().Count(v => v == -1));
        }
    }

    /// <summary>No range of levels holds the least number: such a node runs in float32 among nodes that run in integers.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void AMaximumOverNothingButPaddingStaysFloat(int kernel, bool isFloat)
    {
        Graph graph = PassPipeline.Run(new ModelBuilder(19).Input("x", 1, 3, 4, 4).Node("Sigmoid", "x", "s")
            .Node("MaxPool", "s", "m", ("kernel_shape", new long[] { kernel, kernel }), ("pads", new long[] { 1, 1, 1, 1 }))
            .Output("m").Import());
        CompressedModel quantised = Plans.Quantize(graph);
        Tensor[] inputs = [Ramp("1,3,4,4", -1)];

        LoweredModel lowered = GraphLowerer.Lower(quantised, new BoundaryOptions { ClassName = "Pool" });

        Assert.Equal(isFloat, Plan.PlanSteps.CallsOf(lowered.Steps).Any(s => s.Kernel == "Float32MaxPool"));
        float[] expected = new GraphEvaluator(graph).Evaluate(inputs)[0].Values<float>(),
            actual = Plans.Execute(lowered).Run(inputs)[0].Values<float>();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 0.02);
    }

    private static void AssertClose(Graph graph, Tensor[] inputs, double tolerance)
    {
        double[] expected = Reals(new GraphEvaluator(graph).Evaluate(inputs)[0]),
            actual = Reals(Plans.Execute(Lower(graph)).Run(inputs)[0]);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], tolerance * Math.Max(1, Math.Abs(expected[i])));
    }

    private static double[] Reals(Tensor tensor) => NumericCast.Convert(tensor, ElementType.Float64)!.Values<double>();

    private static LoweredModel Lower(Graph graph) =>
        GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "Operands" });

    private static Tensor Convert(float[] values, ElementType type) => NumericCast.Convert(Tensor.Of(values, values.Length), type)!;

    private static int[] Dimensions(string shape) => [.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    private static Tensor Ramp(string shape, float start)
    {
        int[] dimensions = Dimensions(shape);
        return Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(i => start + (i * i % 7 * 0.25f))], dimensions);
    }
}
