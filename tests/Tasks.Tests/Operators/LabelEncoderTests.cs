using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Operators;

/// <summary>LabelEncoder in all its versions: the reference and the lowered plan against a plain look-up.</summary>
public sealed class LabelEncoderTests
{
    // Three keys, each also as a value, then something that is no key.
    private static readonly Tensor[] Lists =
    [
        Tensor.Of(["b", "", "ä"], 3), Tensor.Of([5L, long.MinValue, -1L], 3), Tensor.Of([0.5f, float.NaN, -3f], 3),
        Tensor.Of([1e300, double.NaN, 0.0], 3), Tensor.Of([7, -9, 0], 3), Tensor.Of([(short)-2, (short)300, (short)1], 3),
    ];

    private static readonly Tensor[] Others =
    [
        Tensor.Of(["B"], 1), Tensor.Of([6L], 1), Tensor.Of([0.25f], 1), Tensor.Of([1e299], 1), Tensor.Of([8], 1), Tensor.Of([(short)2], 1),
    ];

    public static TheoryData<int, int> Pairs =>
        [.. Enumerable.Range(0, Lists.Length).SelectMany(k => Enumerable.Range(0, Lists.Length).Select(v => (k, v)))];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_pair_of_types_is_looked_up(int key, int value)
    {
        Tensor keys = Lists[key], values = Lists[value];
        Tensor x = Joined(keys, Others[key], keys);
        ModelBuilder model = Encoder(4, x.Element, x.Count, ("keys_tensor", keys), ("values_tensor", values),
            ("default_tensor", Others[value]));
        Check(model, x, Joined(values, Others[value], values));
    }

    [Fact]
    public void Lists_by_type_have_the_defaults_of_the_specification()
    {
        Tensor x = Tensor.Of(["yes", "?"], 2);
        Check(Encoder(2, ElementType.String, 2, ("keys_strings", (string[])["yes"]), ("values_int64s", (long[])[4])), x,
            Tensor.Of([4L, -1L], 2));
        Check(Encoder(2, ElementType.String, 2, ("keys_strings", (string[])["yes"]), ("values_floats", (float[])[4f])), x,
            Tensor.Of([4f, -0f], 2));
        Check(Encoder(2, ElementType.String, 2, ("keys_strings", (string[])["yes"]), ("values_strings", (string[])["ja"])), x,
            Tensor.Of(["ja", "_Unused"], 2));
        Check(Encoder(2, ElementType.Float32, 2, ("keys_floats", (float[])[0f]), ("values_int64s", (long[])[4]), ("default_int64", 9)),
            Tensor.Of([-0f, 1f], 2), Tensor.Of([4L, 9L], 2));
    }

    [Fact]
    public void The_first_version_numbers_its_classes()
    {
        (string, object)[] attributes = [("classes_strings", (string[])["b", "a"]), ("default_int64", 7), ("default_string", "none")];
        Check(Encoder(1, ElementType.String, 3, attributes), Tensor.Of(["a", "b", "c"], 3), Tensor.Of([1L, 0L, 7L], 3));
        Check(Encoder(1, ElementType.Int64, 3, attributes), Tensor.Of([1L, 0L, 2L], 3), Tensor.Of(["a", "b", "none"], 3));
    }

    [Theory]
    [InlineData("it has none of keys_strings")]
    [InlineData("stands for two values", "keys_strings", "a;a", "values_strings", "b;c")]
    [InlineData("its keys are", "keys_strings", "a;b", "values_strings", "b")]
    [InlineData("its input is", "keys_int64s", "1", "values_strings", "b")]
    public void Tables_that_do_not_fit_are_refused(string reason, params string[] attributes)
    {
        (string, object)[] given = [.. attributes.Chunk(2).Select(a => (a[0], a[0].EndsWith("int64s", StringComparison.Ordinal)
            ? (object)a[1].Split(';').Select(long.Parse).ToArray() : a[1].Split(';')))];
        var e = Assert.Throws<ModelException>(() => Encoder(2, ElementType.String, 1, given).Import());
        Assert.Equal("OPT0005", e.Diagnostic.Descriptor.Code);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    // An equal pair twice says nothing new.
    [Fact]
    public void An_entry_may_occur_twice() => Check(
        Encoder(2, ElementType.Int64, 1, ("keys_int64s", (long[])[1, 1]), ("values_int64s", (long[])[2, 2])),
        Tensor.Of([1L], 1), Tensor.Of([2L], 1));

    private static void Check(ModelBuilder model, Tensor x, Tensor expected)
    {
        Graph graph = model.Import();
        Assert.Equal(expected.Data, new GraphEvaluator(graph).Evaluate([x])[0].Data);
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions());
        Tensor result = Plans.Execute(lowered).Run([x])[0];
        Assert.Equal(expected.Type, result.Type);
        Assert.Equal(expected.Data, result.Data);
    }

    private static ModelBuilder Encoder(int version, ElementType element, int count, params (string, object)[] attributes)
    {
        var model = new ModelBuilder().Input("x", element, count).Output("y");
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = LabelEncoderOperator.MlDomain, Version = version });
        NodeProto node = ModelBuilder.NewNode("LabelEncoder", "x", "y", attributes);
        node.Domain = LabelEncoderOperator.MlDomain;
        model.Model.Graph.Node.Add(node);
        return model;
    }

    private static Tensor Joined(params Tensor[] parts)
    {
        Tensor joined = Tensor.Zeros(TensorType.Of(parts[0].Element, parts.Sum(p => p.Count)));
        int at = 0;
        foreach (Tensor part in parts)
        {
            Array.Copy(part.Data, 0, joined.Data, at, part.Count);
            at += part.Count;
        }
        return joined;
    }
}
