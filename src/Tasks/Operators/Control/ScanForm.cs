namespace OptimizerBuild.Operators.Control;

/// <summary>The form of ONNX operator Scan, which is imported as a <see cref="LoopOperator">Loop</see>.</summary>
[RewrittenOperator("Scan")]
[Input(0, "sequence_lens", Elements.Int64, Optional = true, Until = 8)]
[Input(0, "initial_state_and_scan_inputs", Elements.All, Variadic = true, From = 9)]
[Input(1, "initial_state_and_scan_inputs", Elements.All, Variadic = true, Until = 8)]
[Output(0, "final_state_and_scan_outputs", Variadic = true)]
[Parameter("body", ParameterKind.Graph, Required = true)]
[Parameter("directions", ParameterKind.Ints, Until = 8)]
[Parameter("num_scan_inputs", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("scan_input_axes", ParameterKind.Ints, From = 9)]
[Parameter("scan_input_directions", ParameterKind.Ints, From = 9)]
[Parameter("scan_output_axes", ParameterKind.Ints, From = 9)]
[Parameter("scan_output_directions", ParameterKind.Ints, From = 9)]
internal static class ScanForm;
