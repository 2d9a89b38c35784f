using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Lowering;

/// <summary>A model with control flow, with inputs and the outputs that plain C# gives for them.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Model">The model.</param>
/// <param name="Inputs">Inputs.</param>
/// <param name="Expected">The right outputs.</param>
internal sealed record ControlFlowModel(string Name, ModelBuilder Model, Tensor[] Inputs, Array[] Expected);

/// <summary>
/// Models with control flow. They run in three places: in the reference evaluation, in the executor of plans, and in generated code.
/// </summary>
internal static class ControlFlowModels
{
    /// <summary>All of them.</summary>
    public static IEnumerable<ControlFlowModel> All() =>
    [
        .. BranchesReadWhatLiesAroundThem(), .. ABranchMayHandOnWhatItReadsOrAConstant(), .. ALoopCarriesStateAndCollectsValues(),
        .. ALoopEndsByItsCountOrItsCondition(), .. CarriedValuesMayChangePlaces(), .. BlocksHoldBlocks(), .. AScanIsALoop(),
        .. LoopsAreUnrolledWhereShapesChange(),
    ];

    private static IEnumerable<ControlFlowModel> BranchesReadWhatLiesAroundThem()
    {
        foreach (bool condition in (bool[])[true, false])
        {
            // y = c ? x · w + x : relu(x); z = y + x. The constant w is captured, too.
            ModelBuilder model = new ModelBuilder().Input("x", 3).Input("c", ElementType.Bool).Constant("w", Tensor.Of([2f, 3f, 4f], 3))
                .Node("If", "c", "y",
                    ("then_branch", Body([], [("Mul", "x,w", "m"), ("Add", "m,x", "t")], "t")),
                    ("else_branch", Body([], [("Relu", "x", "e")], "e")))
                .Node("Add", "y,x", "z").Output("z");
            float[] x = [1, -2, 3];
            float[] w = [2, 3, 4];
            yield return new("branches read what lies around them", model, [Tensor.Of(x, 3), Tensor.Scalar(condition)],
                [(float[])[.. x.Select((v, i) => (condition ? (v * w[i]) + v : Math.Max(v, 0)) + v)]]);
        }
    }

    private static IEnumerable<ControlFlowModel> ABranchMayHandOnWhatItReadsOrAConstant()
    {
        foreach (bool condition in (bool[])[true, false])
        {
            ModelBuilder model = new ModelBuilder().Input("x", 2).Input("c", ElementType.Bool).Constant("k", Tensor.Of([7f, 8f], 2))
                .Node("If", "c", "a,b", ("then_branch", Body([], [], "x", "k")), ("else_branch", Body([], [], "k", "x")))
                .Node("Sub", "a,b", "z").Output("z");
            float sign = condition ? 1 : -1;
            yield return new("a branch may hand on what it reads or a constant", model, [Tensor.Of([1f, 2f], 2), Tensor.Scalar(condition)],
                [(float[])[sign * (1 - 7), sign * (2 - 8)]]);
        }
    }

    private static IEnumerable<ControlFlowModel> ALoopCarriesStateAndCollectsValues()
    {
        foreach (int trips in (int[])[0, 1, 5])
        {
            // s' = s · a + x, collected: s' · 2.
            ModelBuilder model = new ModelBuilder().Input("x", 2).Constant("m", Tensor.Scalar((long)trips))
                .Constant("a", Tensor.Scalar(0.5f))
                .Node("Loop", "m,,x", "last,all", ("body", Body(
                    [Number, Condition, ModelBuilder.Value("s", ElementType.Float32, 2)],
                    [("Mul", "s,a", "sa"), ("Add", "sa,x", "next"), ("Add", "next,next", "twice"), ("Identity", "go", "still")],
                    "still", "next", "twice")))
                .Node("Neg", "last", "z").Output("z", "all");
            float[] s = [1, -4];
            float[] x = [1, -4];
            var all = new List<float>();
            for (int i = 0; i < trips; i++)
            {
                s = [.. s.Select((v, k) => (v * 0.5f) + x[k])];
                all.AddRange(s.Select(v => v * 2));
            }
            yield return new("a loop carries state and collects values", model, [Tensor.Of(x, 2)],
                [(float[])[.. s.Select(v => -v)], all.ToArray()]);
        }
    }

    private static IEnumerable<ControlFlowModel> ALoopEndsByItsCountOrItsCondition()
    {
        foreach ((int count, int limit) in ((int, int)[])[(0, 1000), (3, 1000), (100, 50), (100, 0)])
        {
            // while (n < count and s < limit) s += number + 1
            ModelBuilder model = new ModelBuilder().Input("count", ElementType.Int64).Input("limit", ElementType.Int64)
                .Constant("zero", Tensor.Scalar(0L)).Constant("one", Tensor.Scalar(1L))
                .Node("Less", "zero,limit", "first")
                .Node("Loop", "count,first,zero", "s", ("body", Body(
                    [Number, Condition, ModelBuilder.Value("v", ElementType.Int64)],
                    [("Add", "number,one", "step"), ("Add", "v,step", "next"), ("Less", "next,limit", "more")], "more", "next")))
                .Output("s");
            long s = 0;
            for (long i = 0; i < count && s < limit; i++)
                s += i + 1;
            yield return new("a loop ends by its count or its condition", model, [Tensor.Scalar((long)count), Tensor.Scalar((long)limit)],
                [(long[])[s]]);
        }
    }

    private static IEnumerable<ControlFlowModel> CarriedValuesMayChangePlaces()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Input("y", 2).Input("count", ElementType.Int64)
            .Node("Loop", "count,,x,y,x", "a,b,c", ("body", Body(
                [Number, Condition, .. ((string[])["p", "q", "r"]).Select(n => ModelBuilder.Value(n, ElementType.Float32, 2))],
                [("Add", "p,q", "t")], "go", "q", "p", "t")))
            .Output("a", "b", "c");
        foreach (long count in (long[])[0, 1, 2, 3])
        {
            float[] a = [1, 2], b = [10, 20], c = [1, 2];
            for (long i = 0; i < count; i++)
                (a, b, c) = (b, a, [.. a.Zip(b, (u, v) => u + v)]);
            yield return new("carried values may change places", model,
                [Tensor.Of([1f, 2f], 2), Tensor.Of([10f, 20f], 2), Tensor.Scalar(count)],
                [a, b, c]);
        }
    }

    private static IEnumerable<ControlFlowModel> BlocksHoldBlocks()
    {
        // Twice: inner loop of three trips, in which an If by the number of the outer trip reads values of all three graphs.
        GraphProto inner = Body(
            [ModelBuilder.Value("j", ElementType.Int64), ModelBuilder.Value("goIn", ElementType.Bool),
                ModelBuilder.Value("u", ElementType.Float32, 2)],
            [("Equal", "number,zero", "isFirst"), ("If", "isFirst", "d"), ("Add", "u,d", "un")], "goIn", "un");
        inner.Node[1].Attribute.Add(ModelBuilder.Attribute("then_branch", Body([], [("Mul", "x,s", "t")], "t")));
        inner.Node[1].Attribute.Add(ModelBuilder.Attribute("else_branch", Body([], [("Sub", "x,u", "e")], "e")));
        GraphProto outer = Body(
            [Number, Condition, ModelBuilder.Value("s", ElementType.Float32, 2)],
                [("Loop", "three,,s", "inside"), ("Add", "inside,x", "next")],
            "go", "next");
        outer.Node[0].Attribute.Add(ModelBuilder.Attribute("body", inner));
        ModelBuilder model = new ModelBuilder().Input("x", 2).Constant("two", Tensor.Scalar(2L)).Constant("three", Tensor.Scalar(3L))
            .Constant("zero", Tensor.Scalar(0L)).Node("Loop", "two,,x", "y", ("body", outer)).Output("y");
        float[] x = [1, -0.5f], s = x;
        for (int i = 0; i < 2; i++)
        {
            float[] u = s;
            for (int j = 0; j < 3; j++)
                u = [.. u.Select((v, k) => v + (i == 0 ? x[k] * s[k] : x[k] - v))];
            s = [.. u.Select((v, k) => v + x[k])];
        }
        yield return new("blocks hold blocks", model, [Tensor.Of(x, 2)],
                [s]);
    }

    private static IEnumerable<ControlFlowModel> AScanIsALoop()
    {
        foreach ((int axis, int direction, int outputAxis) in ((int, int, int)[])[(0, 0, 0), (1, 1, 1), (0, 1, 0)])
        {
            ModelBuilder model = new ModelBuilder().Input("s", 2).Input("x", axis == 0 ? [3, 2] : [2, 3])
                .Node("Scan", "s,x", "last,all", ("body", Body(
                        [ModelBuilder.Value("state", ElementType.Float32, 2), ModelBuilder.Value("row", ElementType.Float32, 2)],
                        [("Add", "state,row", "sum"), ("Neg", "sum", "minus")], "sum", "minus")),
                    ("num_scan_inputs", 1), ("scan_input_axes", new long[] { axis }), ("scan_input_directions", new long[] { direction }),
                    ("scan_output_axes", new long[] { outputAxis }), ("scan_output_directions", new long[] { direction }))
                .Output("last", "all");
            float[] x = [1, 2, 3, 4, 5, 6];
            float[] s = [10, 20];
            var all = new float[6];
            for (int i = 0; i < 3; i++)
            {
                int row = direction == 0 ? i : 2 - i;
                for (int k = 0; k < 2; k++)
                {
                    s[k] += axis == 0 ? x[(row * 2) + k] : x[(k * 3) + row];
                    all[outputAxis == 0 ? (row * 2) + k : (k * 3) + row] = -s[k];
                }
            }
            yield return new("a scan is a loop", model, [Tensor.Of([10f, 20f], 2), Tensor.Of(x, axis == 0 ? [3, 2] : [2, 3])],
                    [s, all]);
        }
    }

    // What a loop adds up over a growing slice, and a carried value that grows: neither has one shape in all trips.
    private static IEnumerable<ControlFlowModel> LoopsAreUnrolledWhereShapesChange()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 4).Constant("m", Tensor.Scalar(4L)).Constant("zero", Tensor.Of([0L], 1))
            .Constant("one", Tensor.Scalar(1L)).Constant("minus", Tensor.Of([-1L], 1)).Constant("empty", Tensor.Of([0f], 1))
            .Node("Loop", "m,,empty", "grown,sums", ("body", Body(
                [Number, Condition, ModelBuilder.Value("v", ElementType.Float32, 1)],
                [
                    ("Add", "number,one", "end"), ("Reshape", "end,minus", "ends"), ("Slice", "x,zero,ends", "slice"),
                    ("ReduceSum", "slice", "sum"), ("Reshape", "sum,minus", "flat"), ("Concat", "v,flat", "next"),
                ],
                "go", "next", "flat")))
            .Output("grown", "sums");
        foreach (NodeProto concat in model.Model.Graph.Node[0].Attribute[0].G.Node.Where(n => n.OpType == "Concat"))
            concat.Attribute.Add(ModelBuilder.Attribute("axis", 0));
        yield return new("loops are unrolled where shapes change", model, [Tensor.Of([1f, 2f, 4f, 8f], 4)],
            [(float[])[0, 1, 3, 7, 15], (float[])[1, 3, 7, 15]]);
    }

    /// <summary>The number of a trip, as a body takes it.</summary>
    public static ValueInfoProto Number => ModelBuilder.Value("number", ElementType.Int64);

    /// <summary>A loop's condition, as a body takes it.</summary>
    public static ValueInfoProto Condition => ModelBuilder.Value("go", ElementType.Bool);

    /// <summary>A body.</summary>
    public static GraphProto Body(
        ValueInfoProto[] inputs, (string OpType, string Inputs, string Outputs)[] nodes, params string[] outputs)
    {
        var body = new GraphProto { Name = "body" };
        body.Input.Add(inputs);
        body.Node.Add(nodes.Select(n => ModelBuilder.NewNode(n.OpType, n.Inputs, n.Outputs)));
        body.Output.Add(outputs.Select(o => new ValueInfoProto { Name = o }));
        return body;
    }
}
