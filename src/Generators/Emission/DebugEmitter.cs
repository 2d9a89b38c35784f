using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a debugger shows of a predictor: the values of the model by their names, with types, shapes and numbers. It exists in debug
/// builds only.
/// </summary>
internal static class DebugEmitter
{
    private const string Diagnostics = "global::System.Diagnostics.";

    // Where the member for strings stands in models that have some.
    private const string TableMark = "#TABLE";
    private const string TextsMark = "    #TEXTS";

    // Reads elements of any type from anywhere in memory; numbers of quantised values are what the integers stand for.
    private const string ValueClass = """
        /// <summary>A value of the model: what lies in its place now. Before it is computed, and after its last reader, that may be another one.</summary>
        [global::System.Diagnostics.DebuggerDisplay("{Type,nq}[{Shape,nq}]", Name = "{Name,nq}")]
        internal sealed class Value
        {
            [global::System.Diagnostics.DebuggerBrowsable(global::System.Diagnostics.DebuggerBrowsableState.Never)]
            private readonly global::OptimizerBuild.Kernels.Workspace _workspace;

            private readonly int _offset;
            private readonly int[] _dimensions;
            private readonly int[] _strides;
            private readonly float _scale;
            private readonly int _zeroPoint;

            internal Value(
                global::OptimizerBuild.Kernels.Workspace workspace, string name, string type, int offset, int[] dimensions, int[] strides,
                float scale, int zeroPoint)
            {
                this._workspace = workspace;
                this.Name = name;
                this.Type = type;
                this._offset = offset;
                this._dimensions = dimensions;
                this._strides = strides;
                this._scale = scale;
                this._zeroPoint = zeroPoint;
            }

            /// <summary>The value's name in the model.</summary>
            public string Name { get; }

            /// <summary>The type of its elements in memory.</summary>
            public string Type { get; }

            /// <summary>Its dimensions, outermost first.</summary>
            public string Shape => string.Join("×", this._dimensions);

            /// <summary>Its elements in row-major order; of quantised values what the integers stand for.</summary>
            public double[] Numbers
            {
                get
                {
                    int count = 1;
                    foreach (int dimension in this._dimensions)
                    {
                        count *= dimension;
                    }

                    var numbers = new double[count];
                    for (int i = 0; i < count; i++)
                    {
                        int at = this._offset;
                        int rest = i;
                        for (int d = this._dimensions.Length - 1; d >= 0; d--)
                        {
                            at += rest % this._dimensions[d] * this._strides[d];
                            rest /= this._dimensions[d];
                        }

                        double stored = this.Read(at);
                        numbers[i] = this._scale == 0 ? stored : (stored - this._zeroPoint) * this._scale;
                    }

                    return numbers;
                }
            }

            #TEXTS
            private double Read(int at)
            {
                switch (this.Type)
                {
                    case "Float32":
                        return this._workspace.ArenaSpan<float>(at, 1)[0];
                    case "Float64":
                        return this._workspace.ArenaSpan<double>(at, 1)[0];
                    case "Float16":
                        return (double)this._workspace.ArenaSpan<global::System.Half>(at, 1)[0];
                    case "BFloat16":
                        return global::System.BitConverter.Int32BitsToSingle(this._workspace.ArenaSpan<ushort>(at, 1)[0] << 16);
                    case "Int8":
                    case "Int4":
                    case "Int2":
                        return this._workspace.ArenaSpan<sbyte>(at, 1)[0];
                    case "Int16":
                        return this._workspace.ArenaSpan<short>(at, 1)[0];
                    case "UInt16":
                        return this._workspace.ArenaSpan<ushort>(at, 1)[0];
                    case "Int32":
                        return this._workspace.ArenaSpan<int>(at, 1)[0];
                    case "UInt32":
                        return this._workspace.ArenaSpan<uint>(at, 1)[0];
                    case "Int64":
                        return this._workspace.ArenaSpan<long>(at, 1)[0];
                    case "UInt64":
                        return this._workspace.ArenaSpan<ulong>(at, 1)[0];
                    default:
                        return this._workspace.ArenaSpan<byte>(at, 1)[0];
                }
            }
        }
        """;

    private const string TextsMember = """
            /// <summary>Its elements as text; of values that are no strings none. What the model does not hold is null.</summary>
            public string?[] Texts
            {
                get
                {
                    if (this.Type != "String")
                    {
                        return new string?[0];
                    }

                    double[] codes = this.Numbers;
                    var texts = new string?[codes.Length];
                    for (int i = 0; i < codes.Length; i++)
                    {
                        texts[i] = #TABLE.Text((int)codes[i]);
                    }

                    return texts;
                }
            }

        """;

    /// <summary>The file with the debugger's view of a predictor.</summary>
    public static string Emit(ModelPlan plan)
    {
        var code = new CodeWriter();
        code.Line("#if DEBUG");
        PredictorEmitter.Header(code, plan, "What a debugger shows of the model '" + plan.Model + "'.");
        string name = Identifiers.Escape(plan.ClassName);
        code.Line("[" + Diagnostics + "DebuggerTypeProxy(typeof(" + PredictorEmitter.FullName(plan) + ".DebugView))]");
        code.Open("partial class " + name);
        code.Summary("What a debugger shows of an instance.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("internal sealed class DebugView");
        code.Line("private readonly " + PredictorEmitter.FullName(plan) + " _model;");
        code.Line();
        code.Summary("The view of an instance.");
        code.Open("public DebugView(" + PredictorEmitter.FullName(plan) + " model)");
        code.Line("this._model = model;");
        code.Close();
        code.Line();
        code.Summary("The values of the model, in the order in which they are computed"
            + (plan.Further.Count > 0 ? ", as the last prediction made them" : "") + ".");
        code.Line("[" + Diagnostics + "DebuggerBrowsable(" + Diagnostics + "DebuggerBrowsableState.RootHidden)]");
        if (plan.Further.Count == 0)
        {
            code.Open("public Value[] Values => new Value[]");
            EmitValues(code, plan.Values);
            code.Close(";");
        }
        else
        {
            code.Open("public Value[] Values => this._model." + PredictorNames.EntryField + " switch");
            IReadOnlyList<PlanEntry> entries = plan.Entries;
            for (int place = entries.Count - 1; place >= 0; place--)
            {
                code.Open((place == 0 ? "_" : Wording.Integer(place)) + " => new Value[]");
                EmitValues(code, entries[place].Values);
                code.Close(",");
            }
            code.Close(";");
        }
        code.Line();
        string valueClass = ValueClass.Replace("\r\n", "\n");
        valueClass = plan.Strings.Count == 0
            ? valueClass.Replace(TextsMark + "\n", "")
            : valueClass.Replace(TextsMark, TextsMember.Replace("\r\n", "\n"))
                .Replace(TableMark, StringEmitter.TextsOf(plan, "this._workspace"))
                .Replace("case \"Int32\":", "case \"Int32\":\n            case \"String\":");
        foreach (string line in valueClass.Split('\n'))
            code.Line(line);
        code.Close();
        code.Close();
        code.Line("#endif");
        return code.ToString();
    }

    private static void EmitValues(CodeWriter code, EquatableList<PlanValue> values)
    {
        foreach (PlanValue value in values)
        {
            code.Line("new Value(this._model._workspace, " + PlanText.Quote(value.Name) + ", \"" + value.Type + "\", "
                + Wording.Integer(value.Offset) + ", new int[] { " + string.Join(", ", value.Dimensions) + " }, new int[] { "
                + string.Join(", ", value.Strides) + " }, "
                + (value.ScaleBits is { } scale ? Wording.Float(scale) : "0f") + ", " + Wording.Integer(value.ZeroPoint) + "),");
        }
    }
}
