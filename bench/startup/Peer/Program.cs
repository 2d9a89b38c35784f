using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;

// Prints the milliseconds from opening the model to the first prediction, and the class. Argument: the model.
long start = Stopwatch.GetTimestamp();
using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
using var session = new InferenceSession(args[0], options);
var pixels = new float[28 * 28];
for (int i = 0; i < pixels.Length; i++)
    pixels[i] = i * 7 % 256 / 255f;
using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 1, 28, 28]);
using var run = new RunOptions();
using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
ReadOnlySpan<float> scores = outputs[0].GetTensorDataAsSpan<float>();
int index = 0;
for (int i = 1; i < scores.Length; i++)
    if (scores[i] > scores[index])
        index = i;
double milliseconds = (Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds:F3} {index}"));
