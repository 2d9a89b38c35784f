using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Operators;

/// <summary>
/// What every operator says of the form of its nodes: that it is consistent, and that the importer holds models to it. Valid models are
/// those of the ONNX suite, which <see cref="BackendConformanceTests"/> imports.
/// </summary>
public sealed class OperatorSchemaTests
{
    public static TheoryData<string> Operators => [.. OperatorRegistry.All.Where(o => o.Domain.Length == 0).Select(o => o.OpType)];

    [Fact]
    public void SchemasAreConsistent()
    {
        foreach ((string domain, string opType) in OperatorRegistry.All)
        {
            OperatorSchema schema = OperatorSchema.Of(OperatorRegistry.Of(new Node("", opType, [], []) { Domain = domain }));
            foreach (int opset in Enumerable.Range(1, GraphImporter.NewestOpset).Append(SchemaAttribute.Newest))
            {
                OperatorForm form = schema.In(opset);
                Assert.NotEmpty(form.Outputs);
                Assert.Equal(Enumerable.Range(0, form.Inputs.Length), form.Inputs.Select(i => i.Index));
                Assert.Equal(Enumerable.Range(0, form.Outputs.Length), form.Outputs.Select(o => o.Index));
                Assert.Equal(form.Parameters.Length, form.Parameters.Select(p => p.Name).Distinct().Count());
                Assert.DoesNotContain(form.Inputs.SkipLast(1), i => i.Variadic);
                Assert.DoesNotContain(form.Inputs, i => i.Types == Elements.None);
                Assert.True(form.MinimumInputs <= form.MaximumInputs, opType);
                // The importer asks what a loop gives before it names any of it.
                Assert.True(form.MinimumOutputs >= 1 || opset == SchemaAttribute.Newest, opType);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void AnotherInputThanTheOperatorHasIsRefused(string opType)
    {
        OperatorForm form = Form(opType);
        if (form.MaximumInputs == int.MaxValue)
            return;
        NodeProto node = Node(opType, form);
        while (node.Input.Count < form.MaximumInputs)
            node.Input.Add("");
        node.Input.Add("surplus");

        Assert.Contains($"it has {form.MaximumInputs + 1} input", Refusal(node), StringComparison.Ordinal);
        Assert.Contains("leave out 'surplus'", Refusal(node), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void ARequiredInputThatIsMissingOrEmptyIsRefused(string opType)
    {
        OperatorForm form = Form(opType);
        for (int i = 0; i < form.MinimumInputs; i++)
        {
            if (form.Input(i)!.Optional)
                continue;
            NodeProto node = Node(opType, form);
            node.Input[i] = "";
            Assert.Contains($"its input {i} ({form.Input(i)!.Name}) is left out", Refusal(node), StringComparison.Ordinal);
        }
        if (form.MinimumInputs == 0)
            return;
        NodeProto shorter = Node(opType, form);
        shorter.Input.RemoveAt(form.MinimumInputs - 1);
        Assert.Contains("give it " + form.Input(form.MinimumInputs - 1)!.Name, Refusal(shorter), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void NoOutputAndASurplusOneAreRefused(string opType)
    {
        OperatorForm form = Form(opType);
        NodeProto node = Node(opType, form);
        node.Output.Clear();
        Assert.Contains("it has 0 outputs", Refusal(node), StringComparison.Ordinal);
        if (form.MaximumOutputs == int.MaxValue)
            return;
        node.Output.Add(Enumerable.Range(0, form.MaximumOutputs + 1).Select(i => "y" + i));
        Assert.Contains($"leave out 'y{form.MaximumOutputs}'", Refusal(node), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void AttributesOfAnotherNameKindOrValueAreRefused(string opType)
    {
        OperatorForm form = Form(opType);
        NodeProto foreign = Node(opType, form);
        foreign.Attribute.Add(ModelBuilder.Attribute("channels_last", 1));
        Assert.Contains("has no attribute 'channels_last'", Refusal(foreign), StringComparison.Ordinal);
        foreach (ParameterAttribute parameter in form.Parameters)
        {
            NodeProto node = Node(opType, form);
            Replace(node, parameter.Name, parameter.Kind == ParameterKind.Strings ? 1f : (string[])["wrong"]);
            Assert.Contains($"'{parameter.Name}' is of kind", Refusal(node), StringComparison.Ordinal);
            if (parameter.Kind == ParameterKind.Int && parameter.Minimum > long.MinValue)
            {
                Replace(node, parameter.Name, (int)parameter.Minimum - 1);
                Assert.Contains($"must be at least {parameter.Minimum}", Refusal(node), StringComparison.Ordinal);
            }
            if (parameter.Kind == ParameterKind.Ints && parameter.Minimum > long.MinValue)
            {
                Replace(node, parameter.Name, new long[] { 1, parameter.Minimum - 1 });
                Assert.Contains($"must be at least {parameter.Minimum}", Refusal(node), StringComparison.Ordinal);
                Replace(node, parameter.Name, Array.Empty<long>());
                Assert.Contains("is empty", Refusal(node), StringComparison.Ordinal);
            }
            if (parameter.Choices is not null)
            {
                Replace(node, parameter.Name, "neither");
                Assert.Contains("is 'neither' instead of", Refusal(node), StringComparison.Ordinal);
            }
            if (!parameter.Required)
                continue;
            Remove(node, parameter.Name);
            Assert.Contains($"it has no {parameter.Name}", Refusal(node), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void InputsOfOtherTypesAreRefused(string opType)
    {
        OperatorForm form = Form(opType);
        if (OperatorRegistry.Of(new Node("", opType, [], [])) is Control.IControlFlow)
            return;
        for (int i = 0; i < form.MinimumInputs; i++)
        {
            InputAttribute input = form.Input(i)!;
            foreach (ElementType element in Enum.GetValues<ElementType>())
            {
                // The importer makes float32 of bfloat16 where a node computes with it.
                if (element == ElementType.BFloat16)
                    continue;
                string refusal = Refusal(Node(opType, form), (i, element)) ?? "";
                string fault = $"its input {i} ({input.Name}) is {TensorType.Of(element, 1)}, but must be of {input.Types.InWords()}";
                Assert.Equal(!input.Types.Contains(element), refusal.Contains(fault, StringComparison.Ordinal));
            }
        }
        if (form.Inputs.GroupBy(i => i.Variable).FirstOrDefault(g => g.Key is not null && g.Count() > 1) is not { } same)
            return;
        int at = same.ElementAt(1).Index;
        // Neither the type that the first one gets here, nor one that the importer widens to it.
        ElementType other = Enum.GetValues<ElementType>().Last(e => same.First().Types.Contains(e) && !e.IsNarrow()
            && e is not (ElementType.Float16 or ElementType.String) && e != Allowed(same.First()));
        NodeProto node = Node(opType, form);
        while (node.Input.Count <= at)
            node.Input.Add("x" + node.Input.Count);
        Assert.Contains($"must be of the type of {same.First().Name}", Refusal(node, (at, other)), StringComparison.Ordinal);
    }

    /// <summary>The same in bodies of control flow and in functions.</summary>
    [Fact]
    public void BodiesAndFunctionsAreHeldToTheirOperators()
    {
        var body = new GraphProto { Name = "then" };
        body.Node.Add(ModelBuilder.NewNode("Relu", "x,x", "r"));
        body.Output.Add(new ValueInfoProto { Name = "r" });
        ModelBuilder conditional = new ModelBuilder().Input("x", 2).Input("c", ElementType.Bool, 1)
            .Node("If", "c", "y", ("then_branch", body), ("else_branch", body.Clone())).Output("y");
        var function = new FunctionProto { Domain = "local", Name = "Twice" };
        function.Input.Add("a");
        function.Output.Add("b");
        function.OpsetImport.Add(new OperatorSetIdProto { Version = 21 });
        function.Node.Add(ModelBuilder.NewNode("Add", "a,a,a", "b"));
        ModelBuilder calling = new ModelBuilder().Input("x", 2).Node("Twice", "x", "y").Output("y");
        calling.Model.Graph.Node[0].Domain = "local";
        calling.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        calling.Model.Functions.Add(function);

        Assert.Contains("it has 2 inputs, but Relu takes 1 (X): leave out 'x'",
            Assert.Throws<ModelException>(() => conditional.Import()).Message, StringComparison.Ordinal);
        Assert.Contains("it has 3 inputs, but Add takes 2 (A, B): leave out 'x'",
            Assert.Throws<ModelException>(() => calling.Import()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatOlderOpsetsHadIsKnownThereOnly()
    {
        ModelBuilder With(int opset) => new ModelBuilder(opset).Input("x", 2).Node("Clip", "x", "y", ("min", 0f)).Output("y");

        Assert.Single(With(10).Import().Nodes);
        Assert.Contains("Clip has no attribute 'min' in opset 11 (it has none)",
            Assert.Throws<ModelException>(() => With(11).Import()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AScanIsHeldToItsForm() =>
        Assert.Contains("it has no num_scan_inputs",
            Refusal(ModelBuilder.NewNode("Scan", "x0", "y", ("body", new GraphProto { Name = "b" }))), StringComparison.Ordinal);

    private static OperatorForm Form(string opType) =>
        OperatorSchema.Of(OperatorRegistry.Of(new Node("", opType, [], []))).In(GraphImporter.NewestOpset);

    // A node with all that the form asks for; its shapes need not fit.
    private static NodeProto Node(string opType, OperatorForm form)
    {
        var node = new NodeProto { OpType = opType, Name = "n" };
        node.Input.Add(Enumerable.Range(0, form.MinimumInputs).Select(i => "x" + i));
        node.Output.Add(Enumerable.Range(0, Math.Max(form.MinimumOutputs, 1)).Select(i => i == 0 ? "y" : "y" + i));
        foreach (ParameterAttribute parameter in form.Parameters.Where(p => p.Required))
        {
            node.Attribute.Add(ModelBuilder.Attribute(parameter.Name, parameter.Kind switch
            {
                ParameterKind.Int => 1,
                ParameterKind.Ints => new long[] { 1 },
                ParameterKind.String => parameter.Choices?[0] ?? "text",
                _ => new GraphProto { Name = "b" },
            }));
        }
        return node;
    }

    private static void Replace(NodeProto node, string name, object value)
    {
        Remove(node, name);
        node.Attribute.Add(ModelBuilder.Attribute(name, value));
    }

    private static void Remove(NodeProto node, string name)
    {
        if (node.Attribute.FirstOrDefault(a => a.Name == name) is { } old)
            node.Attribute.Remove(old);
    }

    // What the importer says of the node; null where nothing is wrong. One input may have another type than the first one allowed.
    private static string? Refusal(NodeProto node, (int Input, ElementType Element)? other = null)
    {
        OperatorForm? form = OperatorRegistry.Find(new Node("", node.OpType, [], [])) is { } op
            ? OperatorSchema.Of(op).In(GraphImporter.NewestOpset)
            : null;
        var model = new ModelBuilder(GraphImporter.NewestOpset);
        for (int i = 0; i < node.Input.Count; i++)
        {
            ElementType element = other is { } o && o.Input == i ? o.Element : Allowed(form?.Input(i));
            if (node.Input[i].Length > 0 && model.Model.Graph.Input.All(x => x.Name != node.Input[i]))
                model.Input(node.Input[i], element, 1);
        }
        model.Model.Graph.Node.Add(node.Clone());
        model.Output(node.Output.Count > 0 ? node.Output[0] : node.Input.FirstOrDefault() ?? "y");
        try
        {
            model.Import();
            return null;
        }
        catch (ModelException e)
        {
            return e.Message;
        }
    }

    private static ElementType Allowed(InputAttribute? input) => input is null || input.Types.Contains(ElementType.Float32)
        ? ElementType.Float32
        : Enum.GetValues<ElementType>().First(e => input.Types.Contains(e));
}
