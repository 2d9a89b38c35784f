using Google.Protobuf;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Onnx;

/// <summary>Tree ensembles of all versions against plain recursion and ONNX Runtime, by the reference and by the plan.</summary>
public sealed class TreeEnsembleTests
{
    private const int Rows = 23;

    private static readonly string[] Aggregates = ["AVERAGE", "SUM", "MIN", "MAX"];
    private static readonly string[] Transforms = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"];

    public static TheoryData<int, bool, string> Shapes =>
        [.. Enumerable.Range(0, 12).SelectMany(s => Aggregates.SelectMany(a => ((bool[])[false, true]).Select(d => (s, d, a))))];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_test_aggregate_and_type_gives_what_plain_recursion_gives(int seed, bool isDouble, string aggregate)
    {
        int targets = 1 + (seed % 4 * 3);
        var shape = new TreeShape
        {
            Trees = 1 + (seed * 3 % 20),
            Depth = 1 + (seed % 6),
            Targets = targets,
            IsDouble = isDouble,
            HasLeafTrees = seed % 2 == 0,
            TracksMissing = seed % 3 != 0,
            Names = seed % 5 == 0 ? r => Enumerable.Range(0, r.Next(targets + 1)).Select(_ => r.Next(targets))
                : _ => Enumerable.Range(0, targets),
        };
        var trees = new RandomTrees(seed, shape);
        Tensor x = trees.Rows(Rows);
        Tensor y = Run(trees.Regressor(Rows, aggregate), x)[0];
        Assert.Equal(Array.ConvertAll(trees.Expected(x, aggregate), v => (float)v), y.Values<float>());

        shape = shape with { Names = r => [r.Next(targets)], Modes = [0, 1, 2, 3, 4, 5, 6], HasLeafTrees = false };
        trees = new RandomTrees(seed, shape);
        y = Run(trees.Ensemble(Rows, Array.IndexOf(Aggregates, aggregate)), x)[0];
        double[] expected = trees.Expected(x, aggregate);
        if (isDouble)
            Assert.Equal(expected, y.Values<double>());
        else
            Assert.Equal(Array.ConvertAll(expected, v => (float)v), y.Values<float>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Regressors_give_what_OnnxRuntime_gives(int seed)
    {
        foreach (string aggregate in Aggregates)
            foreach (string transform in Transforms)
                foreach (int targets in (int[])[1, 3])
                    foreach (bool based in (bool[])[false, true])
                    {
                        var trees = new RandomTrees(seed, new()
                        {
                            Targets = targets,
                            Weight = r => r.NextDouble() / 5,
                            Names = r => Enumerable.Range(0, 1 + r.Next(targets)).Select(_ => r.Next(targets)),
                        });
                        AgainstOnnxRuntime(trees, trees.Regressor(Rows, aggregate, ("post_transform", transform),
                            ("base_values", based ? (float[])[.. Enumerable.Range(0, targets).Select(t => 0.05f * (t + 1))] : [])));
                    }
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public void Classifiers_give_what_OnnxRuntime_gives(int classes, int seed)
    {
        Func<Random, IEnumerable<int>>[] names =
            [_ => [0], _ => [1], _ => Enumerable.Range(0, classes), r =>
                Enumerable.Range(0, 1 + r.Next(classes)).Select(_ => r.Next(classes))];
        int refused = 0;
        for (int n = 0; n < names.Length; n++)
            foreach (bool positive in (bool[])[true, false])
                foreach (string transform in Transforms)
                    foreach (int based in (int[])[0, .. classes == 2 ? (int[])[1] : [], classes])
                    {
                        var trees = new RandomTrees(seed, new()
                        {
                            Targets = classes,
                            Trees = 3,
                            Names = names[n],
                            Weight = r => (r.NextDouble() / 3) - (positive ? 0 : 0.1),
                        });
                        ModelBuilder model = trees.Classifier(Rows, ("post_transform", transform),
                            ("classlabels_int64s", (long[])[.. Enumerable.Range(0, classes).Select(c => (long)c)]),
                            ("base_values", (float[])[.. Enumerable.Range(0, based).Select(t => 0.05f * (t + 1))]));
                        try
                        {
                            // Of one column for two classes ONNX Runtime writes its own transformation only, in the first place.
                            AgainstOnnxRuntime(trees, model, isHalfWritten: classes == 2 && transform == "PROBIT");
                        }
                        catch (ModelException e)
                        {
                            Assert.Equal("OPT0004", e.Diagnostic.Descriptor.Code);
                            Assert.True(n == 3 && based == 1, $"{n} {positive} {transform} {based}");
                            refused++;
                        }
                    }
        Assert.InRange(refused, 0, 16);
    }

    [Fact]
    public void Labels_may_be_strings()
    {
        var trees = new RandomTrees(5, new() { Targets = 3, Names = _ => [0, 1, 2] });
        Tensor x = trees.Rows(Rows);
        Tensor[] numbers = Run(trees.Classifier(Rows, ("classlabels_int64s", (long[])[0, 1, 2])), x);
        Tensor[] texts = Run(trees.Classifier(Rows, ("classlabels_strings", (string[])["x", "", "y"])), x);
        Assert.Equal(numbers[0].Values<long>().Select(l => ((string[])["x", "", "y"])[l]), texts[0].Values<string>());
        Assert.Equal(numbers[1].Values<float>(), texts[1].Values<float>());
    }

    [Theory]
    [InlineData("tree_binary_one_weight")]
    [InlineData("tree_threshold_leq")]
    public void Cases_of_the_development_set_are_right(string name)
    {
        string data = Path.Combine(SharedAssets.Cases, name, "test_data_set_0");
        var model = new ModelBuilder();
        model.Model.MergeFrom(File.ReadAllBytes(Path.Combine(SharedAssets.Cases, name, "model.onnx")));
        model.Model.OpsetImport.RemoveAt(0);
        Tensor[] outputs = Run(model, TensorProtoReader.Read(Path.Combine(data, "input_0.pb")));
        for (int i = 0; i < outputs.Length; i++)
            TensorComparison.AssertClose(TensorProtoReader.Read(Path.Combine(data, $"output_{i}.pb")), outputs[i], 1e-3, 1e-5);
    }

    [Fact]
    public void What_is_no_tree_is_refused()
    {
        Refused("leads back to itself", ("nodes_truenodeids", (long[])[1, 0, 0]));
        Refused("no node 7", ("nodes_falsenodeids", (long[])[2, 7, 0]));
        Refused("feature 3 of 3", ("nodes_featureids", (long[])[0, 3, 0]));
        Refused("feature -1 of 3", ("nodes_featureids", (long[])[0, -1, 0]));
        Refused("different lengths", ("nodes_values", (float[])[0, 1]));
        Refused("two nodes 0", ("nodes_nodeids", (long[])[0, 0, 2]));
        Refused("'BRANCH_ODD'", ("nodes_modes", (string[])["BRANCH_ODD", "BRANCH_LT", "LEAF"]));
        Refused("number 5 of 1", ("target_ids", (long[])[5]));
        Refused("for which there is a weight", ("target_nodeids", (long[])[9]));
        Refused("base_values", ("base_values", (float[])[1, 2]));
        Refused("constant of the extents", ("n_targets", (object)int.MaxValue));

        static void Refused(string reason, (string Name, object Value) changed)
        {
            Dictionary<string, object> attributes = new()
            {
                ["nodes_treeids"] = (long[])[0, 0, 0],
                ["nodes_nodeids"] = (long[])[0, 1, 2],
                ["nodes_featureids"] = (long[])[0, 1, 0],
                ["nodes_modes"] = (string[])["BRANCH_LEQ", "BRANCH_LT", "LEAF"],
                ["nodes_values"] = (float[])[0, 1, 0],
                ["nodes_truenodeids"] = (long[])[1, 2, 0],
                ["nodes_falsenodeids"] = (long[])[2, 2, 0],
                ["target_treeids"] = (long[])[0],
                ["target_nodeids"] = (long[])[2],
                ["target_ids"] = (long[])[0],
                ["target_weights"] = (float[])[1],
                ["n_targets"] = 1,
            };
            attributes[changed.Name] = changed.Value;
            ModelException e = Assert.Throws<ModelException>(() => Single("TreeEnsembleRegressor", attributes).Import());
            Assert.Equal("OPT0005", e.Diagnostic.Descriptor.Code);
            Assert.Contains(reason, e.Diagnostic.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_tree_as_deep_as_it_has_nodes_is_walked()
    {
        const int Depth = 100_000;
        long[] numbers = [.. Enumerable.Range(0, Depth + 1).Select(i => (long)i)];
        ModelBuilder model = Single("TreeEnsembleRegressor", new Dictionary<string, object>
        {
            ["nodes_treeids"] = new long[Depth + 1],
            ["nodes_nodeids"] = numbers,
            ["nodes_featureids"] = new long[Depth + 1],
            ["nodes_modes"] = (string[])[.. Enumerable.Repeat("BRANCH_LEQ", Depth), "LEAF"],
            ["nodes_values"] = (float[])[.. numbers.Select(n => (float)n)],
            ["nodes_truenodeids"] = (long[])[.. Enumerable.Repeat((long)Depth, Depth - 1), 0, 0],
            ["nodes_falsenodeids"] = (long[])[.. numbers.Skip(1), 0],
            ["target_treeids"] = (long[])[0],
            ["target_nodeids"] = (long[])[Depth],
            ["target_ids"] = (long[])[0],
            ["target_weights"] = (float[])[7],
            ["n_targets"] = 1,
        });
        // The last branch leads back to the root unless it leads to the leaf.
        Assert.Throws<ModelException>(() => model.Import());
        model.Model.Graph.Node[0].Attribute.Single(a => a.Name == "nodes_truenodeids").Ints[Depth - 1] = Depth;
        Tensor x = Tensor.Of([3f, 0, 0, Depth * 2f, 0, 0], 2, 3);
        Assert.Equal([7f, 7f], Run(model, x)[0].Values<float>());
    }

    [Fact]
    public void Damaged_forests_are_refused_or_right()
    {
        int right = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var trees = new RandomTrees(seed, new()
            {
                Targets = 2,
                HasLeafTrees = seed % 2 == 0,
                Modes = seed % 3 == 0 ? [0, 6] : [0, 3],
                Names = r => [r.Next(2)],
            });
            ModelBuilder model = (seed % 3) switch
            {
                0 => new RandomTrees(seed, new() { Targets = 2, Modes = [0, 6], Names = r => [r.Next(2)] }).Ensemble(Rows, 1),
                1 => trees.Regressor(Rows, Aggregates[seed % 4]),
                _ => trees.Classifier(Rows, ("classlabels_int64s", (long[])[4, 9])),
            };
            for (int damage = 0; damage <= random.Next(3); damage++)
                Damage(model.Model.Graph.Node[0], random);
            try
            {
                Run(model, trees.Rows(Rows));
                right++;
            }
            catch (ModelException)
            {
            }
        }
        Assert.InRange(right, 40, 180);
    }

    // Changes a number of an attribute, or its length.
    private static void Damage(NodeProto node, Random random)
    {
        AttributeProto attribute = node.Attribute[random.Next(node.Attribute.Count)];
        long number = random.Next(4) switch { 0 => -1, 1 => long.MaxValue, 2 => random.Next(3), _ => random.Next(60) };
        if (attribute.Ints.Count > 0 && random.Next(4) == 0)
            attribute.Ints.RemoveAt(random.Next(attribute.Ints.Count));
        else if (attribute.Ints.Count > 0)
            attribute.Ints[random.Next(attribute.Ints.Count)] = number;
        else if (attribute.Floats.Count > 0)
            attribute.Floats[random.Next(attribute.Floats.Count)] = random.Next(2) == 0 ? float.NaN : float.NegativeInfinity;
        else if (attribute.Strings.Count > 0)
            attribute.Strings[random.Next(attribute.Strings.Count)] = attribute.Strings[random.Next(attribute.Strings.Count)];
        else
            attribute.I = number;
    }

    private static ModelBuilder Single(string opType, Dictionary<string, object> attributes)
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", 2, 3)
            .Node(opType, "x", "y", [.. attributes.Select(a => (a.Key, a.Value))]).Output("y");
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        return model;
    }

    // The reference on the model as it is; from that of the graph behind the passes the plan must not differ by
    // a bit, unless there are transformations, whose kernels round in their own way.
    private static Tensor[] Run(ModelBuilder model, Tensor x, bool isExact = true)
    {
        Graph graph = model.Import(), passed = PassPipeline.Run(graph);
        Tensor[] outputs = new GraphEvaluator(graph).Evaluate([x]), same = new GraphEvaluator(passed).Evaluate([x]);
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(passed), new BoundaryOptions { ClassName = "E" });
        Tensor[] planned = Plans.Execute(lowered).Run([x]);
        for (int i = 0; i < outputs.Length; i++)
        {
            if (isExact)
                Assert.True(same[i].SameAs(planned[i]), $"output {i} of the plan differs");
            else
                TensorComparison.AssertClose(same[i], planned[i], 1e-4, 2e-4);
            TensorComparison.AssertClose(outputs[i], same[i], isExact ? 1e-6 : 1e-4, isExact ? 0 : 2e-4);
        }
        return outputs;
    }

    // PROBIT near 0.5 is the difference of nearly equal numbers, in float32.
    private static void AgainstOnnxRuntime(RandomTrees trees, ModelBuilder model, bool isHalfWritten = false)
    {
        Tensor x = trees.Rows(Rows);
        Graph graph = model.Import();
        foreach (ValueInfoProto output in model.Model.Graph.Output)
        {
            output.Type = ModelBuilder.Value("", graph.TypeOf(output.Name).Element).Type;
            output.Type.TensorType.Shape = null;
        }
        Tensor[] theirs = OnnxRuntimeModel.Run(model.Bytes, graph, [x]);
        Tensor[] ours = Run(model, x, isExact: false);
        for (int i = 0; i < ours.Length; i++)
        {
            if (isHalfWritten && ours[i].Element == ElementType.Float32)
                AssertHalves(theirs[i].Values<float>(), ours[i].Values<float>());
            else
                TensorComparison.AssertClose(theirs[i], ours[i], 1e-4, 2e-4);
        }
    }

    // Two scores of each row, or one of ours and its negation.
    private static void AssertHalves(float[] theirs, float[] ours)
    {
        for (int row = 0; row < ours.Length; row += 2)
        {
            if (IsClose(theirs[row], ours[row]) && IsClose(theirs[row + 1], ours[row + 1]))
                continue;
            Assert.True(IsClose(theirs[row], ours[row + 1]), $"{theirs[row]} instead of {ours[row + 1]}");
            Assert.True(IsClose(-ours[row], ours[row + 1]), $"{ours[row]} beside {ours[row + 1]}");
        }

        static bool IsClose(float a, float b) =>
            a.Equals(b) || Math.Abs(a - b) <= 2e-4 + (1e-4 * Math.Abs(a)) || (float.IsNaN(a) && float.IsNaN(b));
    }
}
