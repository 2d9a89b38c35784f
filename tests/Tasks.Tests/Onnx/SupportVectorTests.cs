using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Onnx;

/// <summary>Support vector machines of random numbers against ONNX Runtime, by the reference and by the plan.</summary>
public sealed class SupportVectorTests
{
    private const int Rows = 9, Features = 4;

    public static TheoryData<string, int, bool> Regressors =>
        [.. ((string[])["LINEAR", "POLY", "RBF", "SIGMOID"]).SelectMany(k => ((int[])[0, 1, 6]).SelectMany(n =>
            ((bool[])[false, true]).Select(o => (k, n, o))))];

    [Theory]
    [MemberData(nameof(Regressors))]
    public void Regressors_give_what_OnnxRuntime_gives(string kernel, int supports, bool isOneClass)
    {
        var random = new Random(supports);
        Compare(Model("SVMRegressor", "y",
            ("kernel_type", kernel), ("kernel_params", (float[])[0.3f, 0.5f, 3]), ("n_supports", supports),
            ("one_class", isOneClass ? 1 : 0), ("rho", (float[])[0.1f]),
                ("coefficients", Numbers(random, supports == 0 ? Features : supports)),
            ("support_vectors", Numbers(random, supports * Features))), random);
    }

    public static TheoryData<string, int, bool, string> Classifiers =>
        [.. ((string[])["LINEAR", "POLY", "RBF", "SIGMOID"]).SelectMany(k => ((int[])[2, 3, 5]).SelectMany(n =>
            ((bool[])[false, true]).SelectMany(p => ((string[])["NONE", "LOGISTIC", "SOFTMAX"]).Select(t => (k, n, p, t)))))];

    [Theory]
    [MemberData(nameof(Classifiers))]
    public void Classifiers_give_what_OnnxRuntime_gives(string kernel, int classes, bool hasProbabilities, string transform)
    {
        var random = new Random(classes);
        long[] supports = [.. Enumerable.Range(0, classes).Select(c => (long)(c % 3) + 1)];
        int vectors = (int)supports.Sum(), pairs = classes * (classes - 1) / 2;
        (string, object)[] attributes =
        [
            ("kernel_type", kernel), ("kernel_params", (float[])[0.3f, 0.5f, 3]), ("vectors_per_class", supports),
            ("support_vectors", Numbers(random, vectors * Features)), ("coefficients", Numbers(random, vectors * (classes - 1))),
            ("rho", Numbers(random, pairs)), ("post_transform", transform),
            ("classlabels_ints", (long[])[.. Enumerable.Range(0, classes).Select(c => 10L * c)]),
        ];
        if (hasProbabilities)
            attributes = [.. attributes, ("prob_a", Numbers(random, pairs)), ("prob_b", Numbers(random, pairs))];
        Compare(Model("SVMClassifier", "y,z", attributes), random);
    }

    [Fact]
    public void Linear_classifiers_give_what_OnnxRuntime_gives()
    {
        const int Classes = 4;
        var random = new Random(Classes);
        Compare(Model("SVMClassifier", "y,z", ("coefficients", Numbers(random, Classes * Features)), ("rho", (float[])[0.2f]),
            ("kernel_type", "LINEAR"), ("kernel_params", (float[])[0.3f, 0.5f, 3]),
            ("classlabels_ints", (long[])[.. Enumerable.Range(0, Classes).Select(c => 10L * c)])), random);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        ModelBuilder model = Model("SVMRegressor", "y", ("n_supports", 2), ("rho", (float[])[0]), ("coefficients", (float[])[1, 2]),
            ("support_vectors", (float[])[1, 2, 3]));
        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    private static void Compare(ModelBuilder model, Random random)
    {
        Tensor x = Tensor.Of(Numbers(random, Rows * Features), Rows, Features);
        Graph graph = model.Import();
        foreach (ValueInfoProto output in model.Model.Graph.Output)
        {
            output.Type = ModelBuilder.Value("", graph.TypeOf(output.Name).Element).Type;
            output.Type.TensorType.Shape = null;
        }
        Tensor[] theirs = OnnxRuntimeModel.Run(model.Bytes, graph, [x]);
        Tensor[] ours = new GraphEvaluator(graph).Evaluate([x]);
        LoweredModel lowered = GraphLowerer.Lower(
            new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "E" });
        Tensor[] planned = Plans.Execute(lowered).Run([x]);
        for (int i = 0; i < ours.Length; i++)
        {
            TensorComparison.AssertClose(theirs[i], ours[i], 1e-4, 1e-5);
            TensorComparison.AssertClose(theirs[i], planned[i], 1e-4, 1e-5);
        }
    }

    private static ModelBuilder Model(string opType, string outputs, params (string, object)[] attributes)
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", Rows, Features).Node(opType, "x", outputs, attributes)
            .Output(outputs.Split(','));
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        return model;
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
}
