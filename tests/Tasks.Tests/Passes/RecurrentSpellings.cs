using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using static OptimizerBuild.Lowering.ControlFlowModels;

namespace OptimizerBuild.Passes;

/// <summary>Recurrent layers as exporters write them out, in Scan and Loop.</summary>
internal static class RecurrentSpellings
{
    /// <summary>The extents of all models.</summary>
    public const int Steps = 7, Batch = 2, Inputs = 3, Size = 5;

    /// <summary>A body: its nodes, each with attributes; values it carries besides the hidden state; what it makes of them.</summary>
    public sealed record Spelling(string Operator, string States, string Next, params NodeProto[] Nodes);

    /// <summary>The spellings by name.</summary>
    public static Dictionary<string, Spelling> Spellings { get; } = new()
    {
        // As tf2onnx writes a while loop over BasicLSTMCell: one product of both, gates i, j, f, o, a bias of 1 on the forget gate.
        ["LSTM, one product"] = new("LSTM", "h,c", "h2,c2",
            N("Concat", "x,h", "xh", ("axis", 1)), N("MatMul", "xh,w8x20", "m"), N("Add", "m,b20", "s"),
            N("Split", "s", "i,j,f,o", ("axis", 1), ("num_outputs", 4)), N("Add", "f,one", "f1"), N("Sigmoid", "f1", "fs"),
            N("Sigmoid", "i", "is"), N("Sigmoid", "o", "os"), N("Tanh", "j", "jt"), N("Mul", "c,fs", "kept"), N("Mul", "is,jt", "new"),
            N("Add", "kept,new", "c2"), N("Tanh", "c2", "ct"), N("Mul", "ct,os", "h2")),

        // As PyTorch writes LSTMCell: two products with biases of their own, gates i, f, g, o cut out by Slice.
        ["LSTM, two products"] = new("LSTM", "h,c", "h2,c2",
            N("Gemm", "x,v20x3,b20", "a", ("transB", 1)), N("Gemm", "h,r20x5,d20", "b", ("transB", 1)), N("Add", "a,b", "s"),
            N("Slice", "s,p0,p5,p1", "i"), N("Slice", "s,p5,p10,p1", "f"), N("Slice", "s,p10,p15,p1", "g"), N("Slice", "s,p15,p20,p1", "o"),
            N("Sigmoid", "i", "is"), N("Sigmoid", "f", "fs"), N("Tanh", "g", "gt"), N("Sigmoid", "o", "os"),
            N("Mul", "fs,c", "kept"), N("Mul", "is,gt", "new"), N("Add", "kept,new", "c2"), N("Tanh", "c2", "ct"), N("Mul", "os,ct", "h2")),

        // Input and forget gate coupled, sigmoids before the cut, a hard sigmoid.
        ["LSTM, coupled"] = new("LSTM", "h,c", "h2,c2",
            N("Concat", "h,x", "hx", ("axis", -1)), N("MatMul", "hx,w8x10", "m"), N("HardSigmoid", "m", "io"),
            N("Split", "io", "i,o", ("axis", 1), ("num_outputs", 2)), N("Sub", "one,i", "f"), N("MatMul", "h,u5x5", "g"),
            N("Add", "g,b5", "gb"), N("Tanh", "gb", "gt"), N("Mul", "i,gt", "new"), N("Mul", "f,c", "kept"), N("Add", "new,kept", "c2"),
            N("Relu", "c2", "ct"), N("Mul", "o,ct", "h2")),

        // PyTorch's GRUCell: n + z (h − n), the reset gate on the product.
        ["GRU, difference"] = new("GRU", "h", "h2",
            N("Gemm", "x,v15x3,b15", "a", ("transB", 1)), N("Gemm", "h,r15x5,d15", "b", ("transB", 1)),
            N("Split", "a", "ar,az,an", ("axis", 1), ("num_outputs", 3)), N("Split", "b", "br,bz,bn", ("axis", 1), ("num_outputs", 3)),
            N("Add", "ar,br", "rs"), N("Sigmoid", "rs", "r"), N("Add", "az,bz", "zs"), N("Sigmoid", "zs", "z"),
            N("Mul", "r,bn", "rn"), N("Add", "an,rn", "ns"), N("Tanh", "ns", "n"), N("Sub", "h,n", "d"), N("Mul", "d,z", "dz"),
            N("Add", "n,dz", "h2")),

        // TensorFlow's GRUCell: both gates in one product, the reset gate on the state.
        ["GRU, mixture"] = new("GRU", "h", "h2",
            N("Concat", "x,h", "xh", ("axis", 1)), N("MatMul", "xh,w8x10", "m"), N("Add", "m,b10", "s"), N("Sigmoid", "s", "ru"),
            N("Split", "ru", "r,u", ("axis", 1), ("num_outputs", 2)), N("Mul", "r,h", "rh"), N("Concat", "x,rh", "xrh", ("axis", 1)),
            N("MatMul", "xrh,w8x5", "k"), N("Add", "k,b5", "ks"), N("Tanh", "ks", "n"), N("Mul", "u,h", "uh"), N("Sub", "one,u", "v"),
            N("Mul", "v,n", "vn"), N("Add", "uh,vn", "h2")),

        // K. Cho's first form: the gate takes the candidate instead of keeping the state.
        ["GRU, complement"] = new("GRU", "h", "h2",
            N("Concat", "x,h", "xh", ("axis", 1)), N("MatMul", "xh,w8x10", "m"), N("Sigmoid", "m", "zr"),
            N("Split", "zr", "z,r", ("axis", 1), ("num_outputs", 2)), N("Mul", "r,h", "rh"), N("MatMul", "rh,u5x5", "k"),
            N("MatMul", "x,w3x5", "kx"), N("Add", "k,kx", "ks"), N("Tanh", "ks", "n"), N("Sub", "n,h", "d"), N("Mul", "z,d", "zd"),
            N("Add", "h,zd", "h2")),
        ["RNN"] = new("RNN", "h", "h2",
            N("MatMul", "x,w3x5", "a"), N("MatMul", "h,u5x5", "b"), N("Add", "a,b", "s"), N("Add", "b5,s", "t"), N("Softsign", "t", "h2")),
    };

    /// <summary>A loop that takes its slice by the number of the trip and carries a counter that nobody reads behind it.</summary>
    public static ModelBuilder Loop(string name, long trips, string condition)
    {
        Spelling spelling = Spellings[name];
        ModelBuilder model = Model(spelling, [Steps, Batch, Inputs]).Constant("trips", Tensor.Scalar(trips))
            .Constant("begin", Tensor.Scalar(0L)).Constant("ones", Tensor.Scalar(1L)).Constant("end", Tensor.Scalar(Steps - 2L))
            .Node("Less", "begin,end", "first");
        string[] states = spelling.States.Split(','), next = spelling.Next.Split(',');
        GraphProto body = BodyOf(spelling, [Number, Condition, ModelBuilder.Value("time", ElementType.Int64), .. states.Select(State)],
            [condition, "later", .. next, next[0]]);
        body.Node.Insert(0, N("Less", "later,end", "more"));
        body.Node.Insert(0, N("Gather", "xs,at", "x", ("axis", 0)));
        body.Node.Insert(0, N("Add", "number,ones", "at"));
        body.Node.Insert(0, N("Add", "time,ones", "later"));
        return model.Node("Loop", "trips,first,begin," + string.Join(',', states.Select(s => s + "0")),
            "t9," + string.Join(',', states.Select(s => s + "9")) + ",all", ("body", body)).Output([states[^1] + "9", "all"]);
    }

    /// <summary>A scan along an axis, in a direction, its collected states in another.</summary>
    public static ModelBuilder Scan(string name, long axis, long direction, long outputDirection)
    {
        Spelling spelling = Spellings[name];
        ModelBuilder model = Model(spelling, axis == 0 ? [Steps, Batch, Inputs] : [Batch, Steps, Inputs]);
        string[] states = spelling.States.Split(','), next = spelling.Next.Split(',');
        GraphProto body = BodyOf(spelling, [.. states.Select(State), ModelBuilder.Value("x", ElementType.Float32, Batch, Inputs)],
            [.. next, next[0]]);
        string initial = string.Join(',', states.Select(s => s + "0")), last = string.Join(',', states.Select(s => s + "9"));
        return model.Node("Scan", initial + ",xs", last + ",all",
            ("body", body), ("num_scan_inputs", 1), ("scan_input_axes", (long[])[axis]),
            ("scan_input_directions", (long[])[direction]), ("scan_output_directions", (long[])[outputDirection]))
            .Output([.. states.Select(s => s + "9"), "all"]);
    }

    private static NodeProto N(string opType, string inputs, string output, params (string Name, object Value)[] attributes) =>
        ModelBuilder.NewNode(opType, inputs, output, attributes);

    /// <summary>A state as a body takes it.</summary>
    public static ValueInfoProto State(string name) => ModelBuilder.Value(name, ElementType.Float32, Batch, Size);

    private static GraphProto BodyOf(Spelling spelling, ValueInfoProto[] inputs, string[] outputs)
    {
        GraphProto body = Body(inputs, [], outputs);
        body.Node.Add(spelling.Nodes.Select(n => n.Clone()));
        return body;
    }

    /// <summary>A model with the inputs and every constant that spellings name: a letter and the dimensions.</summary>
    public static ModelBuilder Model(Spelling spelling, int[] sequence)
    {
        var random = new Random(3);
        ModelBuilder model = new ModelBuilder(18).Input("xs", [.. sequence]);
        foreach (string state in spelling.States.Split(','))
            model.Input(state + "0", Batch, Size);
        model.Constant("one", Tensor.Scalar(1f));
        foreach (long place in (long[])[0, 1, 5, 10, 15, 20])
            model.Constant("p" + place, Tensor.Of([place], 1));
        foreach (string name in (string[])["w8x20", "b20", "v20x3", "r20x5", "d20", "w8x10", "u5x5", "b5", "v15x3", "b15", "r15x5", "d15",
            "b10", "w8x5", "w3x5"])
        {
            int[] shape = [.. name[1..].Split('x').Select(int.Parse)];
            model.Constant(name, Tensor.Of([.. Enumerable.Range(0, shape.Aggregate((a, b) => a * b)).Select(_ =>
                (float)(random.NextDouble() - 0.5))], shape));
        }
        return model;
    }
}
